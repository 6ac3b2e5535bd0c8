"""Studies on few images, and the questions that are probed of them."""

import shutil
from pathlib import Path

from flowerablate.contracts import Contrast, Design, Variant
from flowerablate.discovery import discover
from flowerablate.probe import probe_design
from flowerablate.study.designs import design
from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study
from flowerablate.wiring.assemble import Assembler

PLUGIN = Path(__file__).with_name("probed_plugin.py")

OTHER = "loss.label_smoothing=0.3"
"""A question that is not refused."""
STANDARD = 'norm: use = "standardize"'

START = """
[input]
image_size = 16
[optimizer]
use = "nesterov"
lr = 0.1
[train]
epochs = 3
batch_size = 4
[steps.resize]
use = "resize"
size = 20
removable = false
"""
CROP = """
[steps.crop]
use = "center_crop"
size = 16
removable = false
"""
RANDOM_CROP = """
[steps.crop]
use = "random_resized_crop"
"""


def steps(*lines: str, crop: str = CROP) -> str:
    """A study with some steps of the form ``name: key = value; ...`` after a resize."""
    text = [START, crop]
    for line in lines:
        name, _, settings = line.partition(": ")
        text += [f"[steps.{name}]", *settings.split("; ")]
    return "\n".join(text)


class Bench:
    """Probes studies on a folder of images."""

    def __init__(self, folder, images):
        shutil.copy(PLUGIN, folder / "flowerablate_local.py")
        self.folder = folder
        self.assembler = Assembler(discover(folder).registry, folder, folder / "cache")
        self.images = images

    def base(self, text, *overrides):
        study = self.folder / "study.toml"
        study.write_text(text)
        wanted = {"dataset": {"use": "folder", "path": str(self.images)}}
        return read_study(default_study(), study, overrides, wanted)

    def probe(self, text, *questions, also=()):
        """Probe the *questions* as ``--disable``, ``--swap`` and ``--vary`` ask them; *also* are overrides."""
        study = self.base(text, *also)
        asked = {"disable": [], "swap": [], "vary": []}
        for question in questions:
            place, equals, _ = question.partition("=")
            asked["disable" if not equals else "vary" if "." in place else "swap"].append(question)
        ablation = study.ablation.model_copy(update=asked)
        base = resolve(study, self.assembler.lookup)
        return self.run(design(base, self.assembler.lookup, ablation), base)

    def run(self, asked, base, missing=None):
        changes = {variant.change for variant in asked.variants} if missing is None else missing
        data = self.assembler.load_data(base, skip_bad=False)
        return probe_design(asked, changes, data, self.assembler, seed=0)


def kept(probed):
    assert probed.refused == {}
    return {contrast.label for contrast in probed.design.contrasts}


def pair(base, other):
    contrast = Contrast("other", "setting", {"": 1.0, "other": -1.0}, component="other")
    return Design((Variant("", base), Variant("other", other)), (contrast,))
