"""The page and the images of a study that was really trained."""

import json
import re
import shutil
from html import unescape

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def finished(tmp_path_factory, tiny_study, train_study):
    """A folder with images and the finished study of the base and two variants on them, two replicates each."""
    here = tmp_path_factory.mktemp("finished")
    numbers = np.random.default_rng(0)
    for name in ("green", "red"):
        (here / "images" / name).mkdir(parents=True)
        for index in range(12):
            pixels = numbers.integers(0, 256, (24, 24, 3), np.uint8)
            Image.fromarray(pixels).save(here / "images" / name / f"{index:02}.png")
    text = tiny_study("morphology", "crop", "flip", batch_size=8, normalize="normalize")
    train_study(here, text, "--disable=morphology", "--disable=model.skip")
    return here


@pytest.fixture
def trained(finished, folder, command):
    """The finished study in the folder in which commands run."""
    shutil.copytree(finished / "runs", folder / "runs")
    return folder


def text_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)))


def test_the_page_shows_table_curves_images_confusion_and_provenance(command, trained):
    done = command("report", "--format", "html", "--out", "report.html")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    page = (trained / "report.html").read_text(encoding="utf-8")
    text = text_of(page)
    for word in (
        "-morphology",
        "-model.skip",
        "undecided",
        "green/00.png",
        "predicted",
        "[model]",
        "torch",
        "seeds 0, 1",
    ):
        assert word in text, word
    assert page.count("<svg") == 4
    assert page.count("data:image/png") == 4 * 5
    assert "://" not in page
    again = command("report", "--format", "html")
    assert again.stdout == page


def test_a_page_without_its_images_says_so_and_shows_the_rest(command, trained, finished):
    (finished / "images").rename(finished / "elsewhere")
    done = command("report", "--format", "html")
    (finished / "elsewhere").rename(finished / "images")
    assert done.returncode == 0, done.stderr
    text = text_of(done.stdout)
    assert "The images cannot be shown" in text
    assert "-morphology" in text
    assert "data:image" not in done.stdout


@pytest.mark.parametrize("option", ["--no-sample-images", pytest.param("--no-pictures", marks=pytest.mark.slow)])
def test_a_page_for_strangers_has_no_image_of_the_data(command, trained, option):
    done = command("report", "--format", "html", option)
    assert done.returncode == 0, done.stderr
    assert "The images were left out on request" in text_of(done.stdout)
    assert "data:image" not in done.stdout
    assert done.stdout.count("<svg") == 4


def test_damaged_histories_and_predictions_are_named_and_the_rest_is_shown(command, trained):
    first, second = sorted((trained / "runs" / "tiny" / "trials").iterdir())[:2]
    (first / "history.json").write_text("{")
    (second / "predictions.npz").write_bytes(b"")
    done = command("report", "--format", "html")
    assert done.returncode == 0, done.stderr
    text = text_of(done.stdout)
    assert "cannot be read" in text
    assert "is not shown" in text
    assert "The training curve" in text


def test_images_are_named_for_each_row_and_drawn_on_a_sheet(command, trained):
    done = command("report", "--images", "--sheet", "sheet.png", "--top", 3)
    assert done.returncode == 0, done.stderr
    assert "morphology: " in done.stdout
    assert "model.skip: " in done.stdout
    assert "wrote sheet.png" in done.stderr
    assert Image.open(trained / "sheet.png").width >= 600


def test_one_row_can_be_asked_for_and_its_counts_are_those_of_the_accuracies(command, trained):
    rows = json.loads(command("report", "--images", "--of", "-morphology", "--format", "json").stdout)["rows"]
    table = json.loads(command("report", "--format", "json").stdout)
    effect = next(row["effect"]["mean"] for row in table["rows"] if row["label"] == "-morphology")
    assert len(rows) == 1
    assert (rows[0]["won"] - rows[0]["lost"]) / rows[0]["answers"] == pytest.approx(effect)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--of", "-morphologie"), "did you mean '-morphology'?"),
        (("--sheet", "sheet.jpg"), "sheet.png"),
        (("--format", "svg"), "--images has no format 'svg'"),
    ],
)
def test_what_cannot_be_shown_says_why(command, trained, words, said):
    done = command("report", "--images", *words)
    assert done.returncode == 1
    assert said in done.stderr


def test_options_for_images_need_images(command, trained):
    done = command("report", "--of", "-morphology")
    assert done.returncode == 1
    assert "--of does not go with a table" in done.stderr


def test_the_page_is_known_by_its_ending_and_takes_columns(command, trained):
    done = command("report", "--out", "page.html", "--columns", "variant,verdict")
    assert done.returncode == 0, done.stderr
    page = (trained / "page.html").read_text(encoding="utf-8")
    assert re.findall(r'<th scope="col" class="\w+">([^<]*)</th>', page)[:2] == ["variant", "verdict"]
    assert page.startswith("<!DOCTYPE html>")


def test_variants_are_called_as_their_rows_are(command, finished, folder):
    shutil.copytree(finished / "runs", folder / "runs")
    (folder / "tiny.toml").write_text((finished / "tiny.toml").read_text())
    words = ("--data", finished / "images", "--disable", "morphology", "--placebo")
    assert command("run", "tiny.toml", *words).returncode == 0
    page = command("report", "--format", "html").stdout
    assert re.findall(r"<figcaption>([^<]*) <span", page) == ["base", "-morphology", "-model.skip", "placebo"]
