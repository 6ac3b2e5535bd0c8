"""A trained model from Python: found as the command finds it, and what it says."""

import json
import sys

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.inference import Unreadable
from flowerablate.ledger import TrialFolder

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def model(trained_study):
    return fa.load_model(trained_study.trial, device="cpu")


def test_a_study_a_trial_and_a_checkpoint_name_a_model(trained_study):
    runs, trial = trained_study.runs, trained_study.trial
    found = [
        fa.load_model("tiny", seed=0, runs=runs),
        fa.load_model(runs / "tiny", "base", 0),
        fa.load_model(trial),
        fa.load_model(str(trial / "best.safetensors")),
    ]
    assert {model.path for model in found} == {trial / "best.safetensors"}
    assert found[0].choice.startswith("model: base, seed 0")
    assert fa.load_model("tiny", "-flip", runs=runs).record.variant == "-flip"
    assert repr(found[0]) == "<TrainedModel base, seed 0 of tiny, classes ['green', 'red']>"


def test_what_there_is_not_is_said(trained_study):
    with pytest.raises(fa.LedgerError, match=r"no trial of variant '-flop' in .* has finished; did you mean '-flip'\?"):
        fa.load_model("tiny", "-flop", runs=trained_study.runs)
    with pytest.raises(fa.LedgerError, match="nothing is not a checkpoint, a trial folder or a study"):
        fa.load_model("nothing", runs=trained_study.runs)


def test_it_predicts_what_the_trial_predicted(model, trained_study):
    kept = TrialFolder(trained_study.trial).predictions()
    paths = [str(trained_study.images / key) for key in kept.keys]
    found = [each.probabilities.astype(np.float32) for each in model.predict(paths)]
    assert np.array_equal(np.stack(found), kept.probabilities)


def test_a_folder_stands_for_its_images_and_a_bad_one_has_its_reason(model, trained_study, tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    found = list(model.predict([trained_study.images / "red", tmp_path / "bad.png"]))
    assert len(found) == 13
    assert isinstance(found[-1], Unreadable)
    with pytest.raises(fa.DataError, match="there is no file or folder"):
        model.predict("nowhere.png")


def test_it_is_measured_on_images_that_it_has_not_seen(model, trained_study, make_images, tmp_path):
    found = model.evaluate(make_images(tmp_path / "others", size=30), ["accuracy", "brier"])
    assert list(found.metrics) == ["accuracy", "brier"]
    assert found.images == 24
    with pytest.warns(UserWarning, match="contains images of the study itself"):
        model.evaluate(trained_study.images)


def test_maps_a_card_and_an_export_are_made(model, trained_study, tmp_path):
    path, looked = next(model.gradcam(trained_study.images / "red", of="red"))
    assert path.parent.name == "red"
    assert looked.map.shape == (16, 16)
    with pytest.raises(fa.StudyError, match="the model has no class 'blue'"):
        model.gradcam(trained_study.images, of="blue")
    assert "green" in model.card()
    exported = model.export("model.pt", "torchscript")
    assert (tmp_path / "model.pt").read_bytes() == exported.content
    assert json.loads((tmp_path / "model.pt.json").read_text())["classes"] == ["green", "red"]


def test_what_cannot_be_written_or_made_is_an_error_of_ours(model, trained_study, tmp_path):
    with pytest.raises(fa.FlowerablateError, match=r"No such file or directory: /nonexistent/m\.pt; create the folder"):
        model.export("/nonexistent/m.pt", "torchscript")
    for wrong in (0, -1):
        with pytest.raises(fa.StudyError, match=f"batch_size must be 1 or more, not {wrong}"):
            list(model.predict(trained_study.images, batch_size=wrong))
    for given in (3, [3]):
        with pytest.raises(fa.StudyError, match="images: give a path, not 3"):
            model.predict(given)


def test_no_code_but_that_of_installed_plugins_is_loaded_unless_it_is_named(trained_study, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text("raise RuntimeError('loaded')\n")
    fa.load_model(trained_study.trial)
    with pytest.warns(UserWarning, match="loaded"):
        fa.load_model(trained_study.trial, local=tmp_path)
    sys.modules.pop("flowerablate_local", None)
