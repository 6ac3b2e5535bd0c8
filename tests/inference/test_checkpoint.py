"""A checkpoint is rebuilt, or an error states in one line the cause and the cure."""

import json
import shutil
import sys
from dataclasses import asdict

import pytest
import torch

from flowerablate.api.models import load_model
from flowerablate.contracts import OwnedComponent, Owner
from flowerablate.discovery import discover
from flowerablate.errors import FlowerablateError, LedgerError, PluginError, TrainingError
from flowerablate.train.state import load_state, save_state
from flowerablate.wiring.assemble import Assembler
from flowerablate.wiring.trained_model import load_predictor, read_record


@pytest.fixture
def checkpoint(trained_study, tmp_path):
    """A copy that a test may change."""
    return shutil.copy(trained_study.trial / "best.safetensors", tmp_path / "best.safetensors")


def rewrite(path, change):
    """Change what the checkpoint says, with a digest that fits."""
    state = load_state(path)
    change(state)
    save_state(path, state)


def refused(path, error=TrainingError):
    with pytest.raises(error) as found:
        load_model(path)
    assert "\n" not in str(found.value)
    return str(found.value)


def test_a_changed_byte_is_noticed(checkpoint):
    content = bytearray(checkpoint.read_bytes())
    content[-5] ^= 1
    checkpoint.write_bytes(content)
    assert "was changed after it was written; get the file again" in refused(checkpoint)


def test_changed_words_are_noticed(checkpoint):
    content = checkpoint.read_bytes()
    assert content.count(b"tiny") == 1
    checkpoint.write_bytes(content.replace(b"tiny", b"tidy"))
    assert "was changed" in refused(checkpoint)


def test_half_a_file_and_no_file_are_said(checkpoint):
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert "not a checkpoint or is damaged" in refused(checkpoint)
    checkpoint.unlink()
    assert "is not a checkpoint" in refused(checkpoint, LedgerError)
    with pytest.raises(TrainingError, match="there is no checkpoint"):
        read_record(checkpoint)


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path / "went off").write_text, ("boom",)

    torch.save(Bomb(), tmp_path / "model.pt")
    refused(tmp_path / "model.pt")
    assert not (tmp_path / "went off").exists()


def test_the_weights_of_another_model_are_refused(checkpoint):
    def other(state):
        name = next(iter(state["model"]))
        state["model"][name] = torch.zeros(1)

    rewrite(checkpoint, other)
    assert "holds the weights of another model" in refused(checkpoint)


def test_the_state_of_a_training_is_no_model(trained_study):
    assert "does not say how its model is built" in refused(trained_study.trial / "last.safetensors")


def test_another_format_and_a_wrong_description_are_said(checkpoint):
    rewrite(checkpoint, lambda state: state["about"].update(format=99))
    assert "has format 99, but this version reads 2" in refused(checkpoint)
    rewrite(checkpoint, lambda state: state["about"].update(format=2, seed="many"))
    assert "has an invalid description of its model: seed" in refused(checkpoint)


def test_a_checkpoint_of_before_whose_owners_are_texts_is_refused_in_one_line(checkpoint):
    texts = {"model resnet8": "resnets (flowerablate 0.1.0)"}
    rewrite(checkpoint, lambda state: state["about"].update(format=1, owners=texts))
    assert "has format 1, but this version reads 2; use the version that wrote it" in refused(checkpoint)


def test_a_missing_plugin_is_named_with_the_cure(checkpoint):
    def foreign(state):
        state["about"]["pipeline"]["components"]["model"]["use"] = "theirs"
        theirs = Owner("their_nets", "their-nets", "2.0", "0123456789abcdef")
        state["about"]["owners"] = [asdict(OwnedComponent("model", "theirs", theirs))]

    rewrite(checkpoint, foreign)
    said = refused(checkpoint, PluginError)
    assert "needs the model 'theirs' of their_nets (their-nets 2.0 0123456789ab), which is not installed" in said
    assert "name the folder of its flowerablate_local.py (local)" in said


def test_numbers_that_a_step_should_have_learned_are_missed(checkpoint):
    rewrite(checkpoint, lambda state: state["about"].update(learned={}))
    assert "lacks what step 'normalize' learned in training" in refused(checkpoint)


def loaded(path, warn, **options):
    assembler = Assembler(discover().registry, path.parent, path.parent)
    return load_predictor(path, assembler, device=torch.device("cpu"), warn=warn, **options)


def of_resize(state, owner):
    """Return the part of *state* that says who brought its components, with *owner* as that of the step resize."""
    others = [owned for owned in state["about"]["owners"] if owned["name"] != "resize"]
    return {"about": {**state["about"], "owners": [*others, asdict(OwnedComponent("step", "resize", owner))]}}


def test_another_version_of_a_plugin_is_warned_of(checkpoint):
    rewrite(checkpoint, lambda state: state.update(of_resize(state, Owner("geometry", "flowerablate", "0.0.1"))))
    said = []
    loaded(checkpoint, said.append)
    assert len(said) == 1
    assert "trained with that from geometry (flowerablate 0.0.1)" in said[0]


def test_another_source_of_a_plugin_is_refused_unless_accepted(checkpoint):
    owner = Owner("geometry", "flowerablate_local.py", "", "0123456789abcdef")
    rewrite(checkpoint, lambda state: state.update(of_resize(state, owner)))
    said = []
    with pytest.raises(PluginError, match=r"restore that source, or accept the present one \(changed-plugins\)"):
        loaded(checkpoint, said.append)
    assert not said
    loaded(checkpoint, said.append, changed_plugins=True)
    assert len(said) == 1


LOCAL = """
import flowerablate as fa

def build(context):
    from torch import nn
    return nn.Sequential(nn.Flatten(), nn.Linear(context.channels * context.image_size ** 2, context.classes))

@fa.hookimpl
def flowerablate_register_model(register):
    register(fa.ModelSpec("flat", "One layer.", build))
"""


def test_a_local_plugin_is_loaded_only_from_the_folder_that_is_named_and_only_as_it_was(
    trained_study, train_study, tmp_path, monkeypatch
):
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    (home / "flowerablate_local.py").write_text(LOCAL)
    words = ("--disable=flip", "--seeds=1", "--set=model.use=flat", "--set=train.epochs=1")
    train_study(home, (trained_study.runs.parent / "tiny.toml").read_text(), *words, data=trained_study.images)
    trial = next(path.parent for path in home.glob("runs/tiny/trials/*/best.safetensors"))
    record, _ = read_record(trial / "best.safetensors")
    flat = next(owned.owner for owned in record.owners if owned.name == "flat")
    assert (flat.plugin, flat.distribution) == ("flowerablate_local", "flowerablate_local.py")
    assert len(flat.digest) == 32
    monkeypatch.chdir(home)
    with pytest.raises(PluginError, match="'flat'"):
        load_model(trial)
    assert load_model(trial, local=home).classes == ("green", "red")
    (away / "flowerablate_local.py").write_text(LOCAL + "# changed\n")
    with pytest.raises(PluginError, match="changed-plugins"):
        load_model(trial, local=away)
    sys.modules.pop("flowerablate_local", None)


def test_a_folder_without_a_checkpoint_is_said(tmp_path):
    with pytest.raises(FlowerablateError, match="is not a checkpoint, a trial folder or a study"):
        load_model(tmp_path)


def test_what_a_checkpoint_says_is_json_without_secrets_of_python(trained_study):
    about = load_state(trained_study.trial / "best.safetensors")["about"]
    assert json.loads(json.dumps(about))["classes"] == ["green", "red"]
