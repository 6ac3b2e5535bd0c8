"""Commands that use a trained model."""

import csv
import io
import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from flowerablate.api.labelled_images import held_out, labels_of
from flowerablate.contracts import BEST, MetricInfo, Samples, SplitPlan, TrialResult
from flowerablate.errors import DataError, LedgerError
from flowerablate.inference import export as exporting
from flowerablate.ledger import TrialFolder
from flowerablate.ledger.ledger import Claim
from flowerablate.reading.find_study import find_checkpoint
from flowerablate.wiring.trained_model import read_record


@pytest.fixture
def use(command, trained_study):
    """Run a command on the study's model: ``use("predict", paths...)``."""

    def run(name, *words, model="tiny"):
        return command(name, model, *words, "--runs", trained_study.runs)

    return run


def test_predict_prints_a_line_for_each_image(use, trained_study):
    done = use("predict", trained_study.images)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 24
    assert all(line.split()[0] in ("green", "red") and line.endswith(".png") for line in lines)
    assert done.stderr.startswith("model: base, seed ")
    assert "(best of 2 by validation accuracy, " in " ".join(done.stderr.split())


def test_predict_warns_of_images_that_the_model_was_trained_on(use, trained_study, folder):
    record, _ = read_record(trained_study.trial / BEST)
    trained = sum(record.counts["train"])
    done = use("predict", trained_study.images, model=trained_study.trial)
    assert f"warning: {trained} of 24 images are in the training split of this model" in " ".join(done.stderr.split())
    held_out = TrialFolder(trained_study.trial).predictions().keys
    done = use("predict", *(trained_study.images / key for key in held_out), model=trained_study.trial)
    assert "training split" not in done.stderr


def test_predict_knows_a_copy_of_an_image_that_the_model_was_trained_on(use, trained_study, folder):
    shutil.copytree(trained_study.images, folder / "renamed")
    for number, path in enumerate(sorted((folder / "renamed").rglob("*.png"))):
        path.rename(folder / "renamed" / f"{number}.png")
    done = use("predict", folder / "renamed", model=trained_study.trial)
    assert "of 24 images are in the training split" in " ".join(done.stderr.split())


def test_csv_has_the_kept_predictions_of_the_trial_bit_for_bit(use, trained_study):
    kept = TrialFolder(trained_study.trial).predictions()
    paths = [trained_study.images / key for key in kept.keys]
    done = use("predict", *paths, "--format", "csv", model=trained_study.trial)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["path"] for row in rows] == list(map(str, paths))
    found = np.array([[float(row[f"p({name})"]) for name in kept.classes] for row in rows])
    np.testing.assert_array_equal(found.astype(np.float32), kept.probabilities)


def test_json_and_top_tell_the_likeliest_first(use, trained_study, folder):
    done = use("predict", trained_study.images / "red", "--format", "json", "--top", 2, "--out", "found.json")
    assert (done.returncode, done.stdout) == (0, "")
    found = json.loads((folder / "found.json").read_text())
    assert len(found) == 12
    for one in found:
        first, second = one["top"]
        assert first["class"] == one["class"]
        assert first["probability"] == one["probability"] >= second["probability"]
        assert sum(one["probabilities"].values()) == pytest.approx(1)


def test_unreadable_files_are_told_and_the_rest_predicted(use, trained_study, folder):
    (folder / "bad.png").write_text("no image")
    good = trained_study.images / "red" / "00.png"
    done = use("predict", "bad.png", good, "--format", "json")
    assert done.returncode == 1
    assert [one["path"] for one in json.loads(done.stdout)] == [str(good)]
    assert "left out: cannot read image bad.png" in done.stderr
    assert "1 file of 2 could not be read" in done.stderr
    assert use("predict", "bad.png", good, "--skip-bad").returncode == 0
    assert json.loads(use("predict", "bad.png", "--format", "json").stdout) == []


def test_no_file_is_left_where_the_prediction_fails(use, folder):
    before = set(folder.iterdir())
    done = use("predict", "nowhere", "--out", "found.csv")
    assert done.returncode == 1
    assert "error: there is no file or folder nowhere" in done.stderr
    assert set(folder.iterdir()) == before


def test_a_study_gives_the_replicate_that_is_best_on_validation(trained_study):
    path, said = find_checkpoint("tiny", trained_study.runs, None, None)
    results = {}
    for file in trained_study.runs.glob("tiny/trials/*/result.json"):
        record = json.loads((file.parent / "trial.json").read_text())
        if any(not claim["change"] for claim in record["claims"]):
            validation = json.loads(file.read_text())["validation"]
            results[file.parent] = (validation["accuracy"], -validation["loss"])
    assert path.parent == max(results, key=results.get)
    assert "best of 2" in said
    one, _ = find_checkpoint("tiny", trained_study.runs, None, 0)
    assert one.parent == trained_study.trial
    other, _ = find_checkpoint("tiny", trained_study.runs, "-flip", 0)
    assert other.parent not in results
    assert find_checkpoint(str(trained_study.trial), trained_study.runs, None, None) == (one, "")
    assert find_checkpoint(str(one), trained_study.runs, None, None) == (one, "")
    assert find_checkpoint(str(trained_study.runs / "tiny"), trained_study.runs, None, 0)[0] == one


@pytest.mark.parametrize(
    ("model", "variant", "seed", "said"),
    [
        ("tinny", None, None, "is not a checkpoint, a trial folder or a study.*did you mean 'tiny'"),
        ("tiny", "-flap", None, "no trial of variant '-flap' in .* has finished; did you mean '-flip'"),
        ("tiny", None, 7, "no finished trial with seed 7 .* its seeds are: 0, 1"),
    ],
)
def test_what_cannot_be_found_is_said_with_what_can(trained_study, model, variant, seed, said):
    with pytest.raises(LedgerError, match=said):
        find_checkpoint(model, trained_study.runs, variant, seed)


def test_evaluate_measures_with_intervals(use, trained_study, make_images, folder):
    make_images(folder / "others", size=30)
    done = use("evaluate", "others", "--format", "json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["images"] == 24
    assert list(found["metrics"]) == ["accuracy", "roc_auc", "macro_f1"]
    for estimate in found["metrics"].values():  # a model that is always right has no bootstrap interval
        assert estimate["low"] is None or estimate["low"] <= estimate["value"] <= estimate["high"]
    assert found["metrics"]["accuracy"]["how"] == "Wilson"
    assert found["metrics"]["accuracy"]["low"] < 1
    assert np.sum(found["confusion"]) == 24
    assert np.trace(found["confusion"]) / 24 == pytest.approx(found["metrics"]["accuracy"]["value"])
    assert found["by_class"][0]["sensitivity"]["value"] == found["by_class"][1]["specificity"]["value"]
    assert sum(one["images"] for one in found["bins"]) == 24
    table = use("evaluate", "others", "--metric", "brier").stdout
    assert "brier" in table
    assert "accuracy" not in table
    assert "true class \\ prediction" in table


def test_evaluate_warns_where_the_model_has_seen_the_images(use, trained_study, folder, make_images):
    assert "contains images of the study itself" in use("evaluate", trained_study.images).stderr
    make_images(folder / "others", size=30)
    assert "the study itself" not in use("evaluate", "others").stderr


@pytest.mark.parametrize(
    ("method", "part", "told"), [("auto", None, False), ("auto", "train", True), ("stratified", "test", True)]
)
def test_a_part_is_held_out_only_where_the_study_kept_to_the_official_split(method, part, told):
    keys = ("1", "2", "3", "4")
    samples = Samples(("a", "b"), keys, tuple(map(Path, keys)), (0, 1, 0, 1), ("train", "train", "test", "test"))
    origin = SimpleNamespace(pipeline=SimpleNamespace(split=SplitPlan(0.2, 0.2, method)))
    assert held_out(samples, part, origin) is not told


def test_a_name_that_a_spreadsheet_would_run_is_text_in_csv(use, trained_study, folder):
    shutil.copy(trained_study.images / "red" / "00.png", folder / "=cmd|calc!A1.png")
    done = use("predict", "=cmd|calc!A1.png", "--format", "csv")
    assert done.stdout.splitlines()[1].startswith("'=cmd|calc!A1.png,")


def test_evaluate_matches_classes_by_name(use, trained_study, folder, make_images):
    images = make_images(folder / "others")
    (images / "green").rename(images / "blue")
    done = use("evaluate", "others")
    assert done.returncode == 1
    assert "has class 'blue', which the model does not know (its classes: green, red)" in done.stderr


def test_a_class_without_images_is_refused_unless_it_is_allowed():
    samples = Samples(("c", "a"), ("1", "2"), (Path("1"), Path("2")), (0, 1))
    with pytest.raises(DataError, match=r"others has no image of class 'b' .*allow-missing"):
        labels_of(samples, ("a", "b", "c"), Path("others"), allow_missing=False)
    assert labels_of(samples, ("a", "b", "c"), Path("others"), allow_missing=True) == [2, 0]
    assert labels_of(samples, ("a", "c"), Path("others"), allow_missing=False) == [1, 0]


def test_evaluate_stops_at_a_bad_file_or_leaves_it_out(use, folder, make_images):
    (make_images(folder / "others") / "red" / "bad.png").write_text("no image")
    assert "cannot read image" in use("evaluate", "others").stderr
    done = use("evaluate", "others", "--skip-bad", "--format", "json")
    assert json.loads(done.stdout)["images"] == 24
    assert "left out: cannot read image" in done.stderr


def test_export_writes_model_and_facts_and_nothing_where_it_differs(use, folder, monkeypatch):
    done = use("export", "--format", "torchscript", "--out", "tiny.pt")
    assert done.returncode == 0
    assert "differs from the model by" in done.stderr
    facts = json.loads((folder / "tiny.pt.json").read_text())
    assert facts["classes"] == ["green", "red"]
    assert (folder / "tiny.pt").stat().st_size > 0
    before = set(folder.iterdir())
    monkeypatch.setattr(exporting, "_difference", lambda *parts: 0.01)
    done = use("export", "--format", "torchscript", "--out", "no.pt")
    assert done.returncode == 1
    assert "error: as torchscript the model differs from itself by 0.01" in done.stderr
    assert set(folder.iterdir()) == before


def test_gradcam_draws_a_sheet_or_a_folder(use, trained_study, folder):
    done = use("gradcam", trained_study.images / "red", "--out", "sheet.png")
    assert done.returncode == 0
    assert min(Image.open(folder / "sheet.png").size) > 300
    two = [trained_study.images / name / "00.png" for name in ("red", "green")]
    assert use("gradcam", *two, "--class", "red", "--out", "maps").returncode == 0
    drawn = sorted((folder / "maps").iterdir())
    assert [path.name for path in drawn] == ["1-00.png", "2-00.png"]
    assert Image.open(drawn[0]).size == (16, 16)
    assert (
        "the model has no class 'rod'; did you mean 'red'?"
        in use("gradcam", *two, "--class", "rod", "--out", "m").stderr
    )


def test_gradcam_of_many_images_draws_a_spread_sample_and_says_so(use, trained_study, folder, monkeypatch):
    import flowerablate.cli.gradcam as command

    monkeypatch.setattr(command, "ON_A_SHEET", 4)
    found = len(list(trained_study.images.rglob("*.png")))
    done = use("gradcam", trained_study.images, "--out", "many.png")
    assert done.returncode == 0, done.stderr
    assert f"4 of {found} images, evenly spread; '--limit' chooses how many" in " ".join(done.stderr.split())
    assert use("gradcam", trained_study.images, "--limit", 3, "--out", "some").returncode == 0
    assert len(list((folder / "some").iterdir())) == 3
    refused = use("gradcam", trained_study.images, "--limit", 5, "--out", "no.png")
    assert "a sheet has room for 4 images, not 5; let --out name a folder" in refused.stderr
    assert not (folder / "no.png").exists()


def test_the_card_has_the_metrics_of_the_trial_and_asks_for_what_only_people_know(use, trained_study, folder):
    done = use("card", "--seed", 0)
    assert done.returncode == 0
    result = json.loads((trained_study.trial / "result.json").read_text())
    assert f"| `accuracy` | {100 * result['metrics']['accuracy']:.1f} % |" in done.stdout
    assert f"| trial | `{trained_study.trial.name}` |" in done.stdout
    assert "`accuracy` over the 2 replicates of this variant:" in done.stdout
    assert "## Intended use\n\n*To be written" in done.stdout
    for heading in ("Data", "Preprocessing", "Training", "Evaluation", "Limits", "Provenance"):
        assert f"\n## {heading}\n" in done.stdout
    assert use("card", "--seed", 0, "--out", "card.md").stdout == ""
    assert (folder / "card.md").read_text() == done.stdout


def test_the_card_of_a_checkpoint_alone_has_no_metrics(use, trained_study, folder):
    shutil.copy(trained_study.trial / "best.safetensors", folder / "model.safetensors")
    done = use("card", model="model.safetensors")
    assert done.returncode == 0
    assert "not stored beside the checkpoint" in done.stdout


def test_ctrl_c_is_said_and_leaves_nothing_half_written(use, trained_study, folder, monkeypatch):
    def interrupted(*words, **options):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("flowerablate.inference.Predictor.predict", interrupted)
    before = sorted(folder.iterdir())
    done = use("predict", trained_study.images, "--out", "told.csv")
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "interrupted"
    assert sorted(folder.iterdir()) == before


def test_evaluate_reads_data_sets_that_have_parameters(use, folder, make_images):
    images = make_images(folder / "listed", per_class=3, size=21)
    rows = [f"{file.relative_to(folder)},{file.parent.name}" for file in sorted(images.glob("*/*.png"))]
    (folder / "listed.csv").write_text("\n".join(["path,label", *rows]))
    done = use("evaluate", "listed.csv")
    assert done.returncode == 0, done.stderr
    assert f"{len(rows)} images, 2 classes" in done.stdout


def test_evaluate_fits_80_columns_with_every_interval_on_its_line(use, folder, make_images, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    make_images(folder / "others", size=30)
    (row,) = re.findall(r"^red .*$", use("evaluate", "others").stdout.split("sensitivity")[1], flags=re.MULTILINE)[:1]
    assert len(re.findall(r"\d \(\d+\.\d-\d+\.\d\)", row)) == 3


def test_evaluate_reads_classes_from_file_names_and_a_single_class_where_that_is_accepted(use, folder, make_images):
    make_images(folder / "others", per_class=3)
    by_folder = json.loads(use("evaluate", "others", "--format", "json").stdout)
    for path in list((folder / "others").glob("*/*")):
        path.rename(folder / "others" / f"{path.parent.name}-{path.name}")
    by_name = use("evaluate", "others", "--label-from", r"([^/]+)-\d+\.\w+$", "--format", "json")
    assert json.loads(by_name.stdout)["metrics"] == by_folder["metrics"]
    (folder / "some/red").mkdir(parents=True)
    for path in (folder / "others").glob("red-*"):
        path.rename(folder / "some/red" / path.name)
    assert "has only one class, 'red'" in use("evaluate", "some").stderr
    assert json.loads(use("evaluate", "some", "--allow-missing", "--format", "json").stdout)["images"] == 3


def test_a_study_file_is_told_from_a_model(use, folder):
    done = use("card", model="tiny.toml")
    assert "tiny.toml is a study file, not a model; give the name of the study in" in done.stderr


def test_evaluate_takes_the_test_part_of_an_official_split(use, folder, make_images):
    for part, count in (("train", 5), ("test", 3)):
        make_images(folder / "split" / part, per_class=count, size=20 + count)
    done = use("evaluate", "split", "--format", "json")
    assert json.loads(done.stdout)["images"] == 6
    assert "the part 'test' of split: 6 of 16 images" in done.stderr
    assert json.loads(use("evaluate", "split", "--part", "all", "--format", "json").stdout)["images"] == 16
    assert "the split of split has no part 'val'" in use("evaluate", "split", "--part", "val").stderr
    assert "the split of split has no part 'val'" in use("evaluate", "split", "--part", "validation").stderr
    assert "no part is called 'dev'" in use("evaluate", "split", "--part", "dev").stderr


@pytest.mark.parametrize(
    ("by", "values", "best"),
    [
        (MetricInfo("accuracy", percent=True), [{"accuracy": 0.9, "f1": 0.5}, {"accuracy": 0.8, "f1": 0.7}], 0),
        (MetricInfo("f1"), [{"accuracy": 0.9, "f1": 0.5}, {"accuracy": 0.8, "f1": 0.7}], 1),
        (MetricInfo("brier", lower_is_better=True), [{"brier": 0.3}, {"brier": 0.2}], 1),
        (MetricInfo("brier", lower_is_better=True), [{"brier": 0.3}, {"brier": math.nan}], 0),
        (MetricInfo("loss", lower_is_better=True), [{"loss": 0.6}, {"loss": 0.5}], 1),
    ],
)
def test_the_best_replicate_is_best_by_what_the_study_chose_its_epochs_by(tmp_path, by, values, best):
    for seed, validation in enumerate(values):
        folder = TrialFolder(tmp_path / "tiny" / "trials" / f"t{seed}")
        folder.claim([Claim("base", "", 0)], id=f"t{seed}", seed=seed, pipeline={})
        validation = {"loss": 0.5, **validation}
        folder.finish(TrialResult(f"t{seed}", "base", "", seed, {}, validation, 1, 1, False, best_by=by), {})
    path, said = find_checkpoint("tiny", tmp_path, None, None)
    assert path.parent.name == f"t{best}"
    assert f"by validation {by.name}, " in said
