import pytest
from PIL import Image

from flowerablate.errors import StudyError
from flowerablate.report.figures import svg_canvas as canvas
from flowerablate.report.figures.tuning import TrialPoint, write_history, write_importance

POINTS = [TrialPoint(0, 0.6, (0.5, 0.7)), TrialPoint(1, None), TrialPoint(2, 0.8, (0.8, 0.8)), TrialPoint(3, 0.7)]


def test_the_history_is_drawn_in_colours_of_its_own_and_the_same_each_time(tmp_path):
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    for path in (one, two):
        write_history(POINTS, "accuracy", path, lower_is_better=False)
    svg = one.read_text()
    assert svg == two.read_text()
    assert "accuracy on validation" in svg
    assert canvas.ON_PAPER["#050607"] in svg
    assert not [placeholder for placeholder in canvas.ON_PAPER if placeholder in svg]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.svg", "two.svg"]


def test_png_is_an_image_that_is_not_empty(tmp_path):
    for name, draw in (
        ("history", lambda path: write_history(POINTS, "loss", path, lower_is_better=True)),
        ("importance", lambda path: write_importance({"optimizer.lr": 0.75, "model.width": 0.25}, path)),
    ):
        draw(tmp_path / f"{name}.png")
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.width > 1000
            assert len(image.convert("RGB").getcolors(2**24)) > 20


def test_a_history_without_any_figure_can_be_drawn(tmp_path):
    write_history([TrialPoint(0, None)], "accuracy", tmp_path / "one.svg", lower_is_better=False)
    assert "pruned or failed" in (tmp_path / "one.svg").read_text()


def test_importance_names_the_settings_as_they_are(tmp_path):
    write_importance({"optimizer.lr (a<b)": 1.0, "model.width": 0.0}, tmp_path / "one.svg")
    assert "optimizer.lr (a&lt;b)" in (tmp_path / "one.svg").read_text()


def test_another_format_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"\.png or \.svg"):
        write_importance({"a": 1.0}, tmp_path / "one.bmp")
