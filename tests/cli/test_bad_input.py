"""Whatever is wrong with the input is said in one line, with a non-zero exit and without a traceback."""

import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from flowerablate.data.decode import decode


def refused(done) -> str:
    """Check that a command was refused as it should be, and return the line that says why."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_folder_that_is_not_there(command):
    assert "no file or folder nowhere" in refused(command("run", "--data", "nowhere"))


def test_an_empty_folder(command, folder):
    (folder / "empty").mkdir()
    assert "empty" in refused(command("run", "--data", "empty"))


def test_a_folder_with_one_class(command, image_folder):
    for path in (image_folder / "red").iterdir():
        path.unlink()
    (image_folder / "red").rmdir()
    assert "class" in refused(command("run", "--data", image_folder))


@pytest.mark.parametrize(
    "content", [b"", pytest.param(b"not an image", marks=pytest.mark.slow), None], ids=["empty", "text", "truncated"]
)
def test_a_corrupt_image_is_named_and_can_be_skipped(command, image_folder, content):
    bad = image_folder / "green" / "05.png"
    bad.write_bytes(bad.read_bytes()[:100] if content is None else content)
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", 1)
    message = refused(command(*words))
    assert "05.png" in message
    assert "(skip-bad)" in message
    done = command(*words, "--skip-bad")
    assert done.returncode == 0, done.stderr
    assert "left out 1 unreadable image" in done.stderr
    assert "green/05.png" in done.stderr


def test_odd_images_are_taken_as_they_are(command, image_folder):
    green = image_folder / "green"
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    Image.new("RGB", (1, 1), "green").save(green / "one-pixel.png")
    Image.new("RGB", (20_000, 3), "green").save(green / "long.png")
    image.convert("L").save(green / "grey.png")
    image.convert("CMYK").save(green / "cmyk.jpg")
    image.convert("P").save(green / "palette.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(green / "deep.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(green / "rotated.jpg", exif=exif)
    assert decode(green / "rotated.jpg", 3).shape == (20, 30, 3)
    done = command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", 1)
    assert done.returncode == 0, done.stderr


def test_an_image_with_too_many_pixels_is_refused(command, image_folder):
    Image.new("1", (20_000, 20_000)).save(image_folder / "green" / "huge.png")
    assert "huge.png" in refused(command("run", "tiny.toml", "--data", image_folder))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "model.use=resnet9"], "did you mean 'resnet8'?"),
        (["--set", "steps.morphology.use=morfology"], "did you mean 'morphology'?"),
        (["--set", "steps.morphology.siez=3"], "did you mean 'size'?"),
        (["--set", "train.epoch=3"], "did you mean 'epochs'?"),
        (["--disable", "morfology"], "it is no step of the pipeline; did you mean 'morphology'?"),
        (["--disable", "model.skp"], "did you mean 'skip'?"),
        (["--disable", "resize"], "cannot be disabled"),
        (["--swap", "model=resnet35"], "did you mean 'resnet"),
        (["--set", "input.image_size=24"], "images of"),
        (["--set", "steps.crop.scale=[0.9, 0.1]"], "lower"),
    ],
)
def test_a_wrong_study_is_refused_with_the_nearest_valid_word(command, image_folder, words, message):
    if words[-1] == "input.image_size=24":
        words = [*words, "--set", "steps.crop.size=16"]
    assert message in refused(command("run", "tiny.toml", "--data", image_folder, *words))


def test_a_plugin_that_raises_on_import_is_named_and_the_rest_works(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text("raise RuntimeError('half-written')\n")
    done = command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", 1)
    assert done.returncode == 0
    assert "half-written" in done.stderr


def test_a_component_that_two_plugins_claim_stops_the_run(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text(
        "import flowerablate as fa\n"
        "@fa.hookimpl\n"
        "def flowerablate_register_step(register):\n"
        "    register(fa.StepSpec(name='morphology', summary='Mine.', build=lambda context: None))\n"
    )
    message = refused(command("run", "tiny.toml", "--data", image_folder))
    assert "registered twice" in message
    assert "flowerablate_local" in message


def test_a_step_that_breaks_in_training_is_reported_and_the_rest_goes_on(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text(
        "import flowerablate as fa\n"
        "@fa.hookimpl\n"
        "def flowerablate_register_loss(register):\n"
        "    register(fa.LossSpec(name='broken', summary='Breaks.', build=lambda context: fail))\n"
        "def fail(logits, labels):\n"
        "    raise ValueError('no such loss')\n"
    )
    done = command("run", "tiny.toml", "--data", image_folder, "--swap", "loss=broken", "--seeds", 1)
    assert "ValueError: no such loss" in refused(done)
    assert "base" in done.stdout


def test_a_study_that_is_refused_leaves_the_report_of_the_last_one(command, image_folder):
    good = command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", 1)
    refused(command("run", "tiny.toml", "--data", image_folder, "--set", "steps.crop.size=8"))
    assert command("report").stdout == good.stdout


def test_an_edited_local_plugin_is_a_new_trial_and_counted_once(command, image_folder, folder):
    plugin = (
        "import flowerablate as fa\n"
        "@fa.hookimpl\n"
        "def flowerablate_register_step(register):\n"
        "    register(fa.StepSpec(name='shift', summary='Shift.', build=build))\n"
        "def build(context):\n"
        "    return fa.PythonOp(lambda images, draws: images + 1)\n"
    )
    words = ("run", "tiny.toml", "--data", image_folder, "--seeds", 1, "--swap", "morphology=shift")
    for text in (plugin, plugin.replace("+ 1", "+ 90")):
        (folder / "flowerablate_local.py").write_text(text)
        done = command(*words)
        assert done.returncode == 0, done.stderr
        rows = [line for line in done.stdout.splitlines() if line.startswith("morphology=shift")]
        assert len(rows) == 1
    assert "1 of 2 trials are finished already" in done.stderr


def test_a_folder_with_any_name_is_read(command, image_folder):
    rose = image_folder.with_name("\N{ROSE} 1")
    image_folder.rename(rose)
    assert command("run", "tiny.toml", "--data", rose, "--dry-run").returncode == 0


def test_init_in_a_folder_that_is_not_there(command):
    assert "nowhere" in refused(command("init", "nowhere/study.toml"))


def test_init_gives_a_valid_name(command, folder, image_folder):
    assert "run 'my study.toml'" in command("init", "my study.toml").stdout
    assert command("run", "my study.toml", "--data", image_folder, "--dry-run").returncode == 0


def test_a_model_that_cannot_be_built_is_said_before_anything_trains(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text(
        "import flowerablate as fa\n"
        "@fa.hookimpl\n"
        "def flowerablate_register_model(register):\n"
        "    register(fa.ModelSpec(name='mine', summary='Fails.', build=build))\n"
        "def build(context):\n"
        "    raise FileNotFoundError('weights.pt')\n"
    )
    words = ("run", "tiny.toml", "--data", image_folder, "--seeds", 1)
    message = refused(command(*words, "--set", "model.use=mine", "--disable", "light"))
    assert "model 'mine' of flowerablate_local" in message
    assert "weights.pt" in message
    assert not (folder / "runs").exists()
    done = command(*words, "--swap", "model=mine", "--disable", "light")
    assert done.returncode == 1
    assert "1 trial failed, the first with model 'mine' of flowerablate_local" in done.stderr
    assert "-light" in done.stdout


def test_a_report_without_a_study_says_what_to_do(command):
    assert "start one with 'flowerablate run'" in refused(command("report"))


def test_an_unknown_format_is_refused(command):
    assert "did you mean 'json'?" in refused(command("report", "--format", "jsn"))


def test_init_does_not_overwrite(command, folder):
    assert command("init").returncode == 0
    assert "exists already" in refused(command("init"))
    assert command("init", "--force").returncode == 0


def test_a_full_disk_loses_nothing(command, image_folder):
    """A limit on the size of files stands in for the full disk: the store cannot be written."""
    words = ["run", "tiny.toml", "--data", str(image_folder), "--disable", "flip", "--seeds", "1"]
    handler, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        done = command(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert "free some disk space" in refused(done)
    again = command(*words)
    assert again.returncode == 0, again.stderr


def test_a_ledger_that_cannot_be_written(command, image_folder, folder):
    (folder / "runs").write_text("a file where the folder should be")
    message = refused(command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", 1))
    assert "runs" in message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--design", "leave"), "--design: there is no 'leave'; did you mean 'leave-one-out'?"),
        (("--population", "image"), "--population: there is no 'image'; did you mean 'images'?"),
    ],
)
def test_an_option_with_a_name_that_there_is_not_is_called_by_its_own_name(command, image_folder, words, message):
    assert refused(command("run", "tiny.toml", "--data", image_folder, *words)) == f"error: {message}"


def test_the_search_says_what_it_goes_by(command):
    told = " ".join(command("run", "--help").stdout.replace("│", " ").split())
    assert "by train.best_by, then by loss, whatever the metric" in told


def test_a_dry_run_refuses_an_executor_that_does_not_exist(command, image_folder):
    done = command("run", "tiny.toml", "--data", image_folder, "--dry-run", "--set", "executor.use=procesess")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("no executor is called 'procesess'; did you mean 'processes'?\n")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="no such limit of memory")
@pytest.mark.parametrize("words", ["run --data images --seeds=3", "predict tiny images"])
def test_too_little_memory_for_torch_is_told_in_one_line(finished_study, folder, words):
    shutil.copytree(finished_study, folder / "images")
    limit = "import resource as r; r.setrlimit(r.RLIMIT_AS, (1_600_000_000,) * 2)"
    code = f"import sys; {limit}; import flowerablate.cli as c; sys.exit(c.main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split()], capture_output=True, text=True, cwd=folder, timeout=300
    )
    assert "error: there is not enough memory" in done.stderr
    assert "Traceback" not in done.stderr
