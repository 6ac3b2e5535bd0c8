import xml.etree.ElementTree as ElementTree

import pytest

from flowerablate.contracts import MetricInfo
from flowerablate.report.figures.learning import draw_learning
from flowerablate.report.html.document import SeedCurve, VariantCurves

ACCURACY = MetricInfo("accuracy", percent=True)


def seed(number: int, *, best: int = 2, brier: float = 0.25) -> SeedCurve:
    return SeedCurve(
        number,
        (1.0, 0.5, None),
        (1.1, 0.6, None),
        (0.5, 0.8, None),
        best,
        learning_rate=(0.1, 0.05, 0.01),
        images_per_second=(90.0, 100.0, 95.0),
        waited=(0.01, 0.02, 0.0),
        metrics={"brier": (brier, 0.125, None)},
    )


BASE = VariantCurves("", "base", (seed(0), seed(1)))
OTHER = VariantCurves("-flip", "-flip", (seed(0, best=0),))


@pytest.mark.parametrize(
    ("format", "start"),
    [
        pytest.param("png", b"\x89PNG", marks=pytest.mark.slow),
        ("svg", b"<?xml"),
        pytest.param("pdf", b"%PDF", marks=pytest.mark.slow),
    ],
)
def test_equal_curves_are_equal_images_of_each_format(format: str, start: bytes) -> None:
    image = draw_learning([BASE, OTHER], ACCURACY, format, BASE)
    assert image.startswith(start)
    assert image == draw_learning([BASE, OTHER], ACCURACY, format, BASE)


def test_an_image_names_its_variants_and_quantities_in_colours_of_its_own() -> None:
    svg = draw_learning([BASE, OTHER], ACCURACY, "svg", BASE).decode()
    words = [text for element in ElementTree.fromstring(svg).iter() if (text := (element.text or "").strip())]
    wanted = ("base, 2 seeds", "-flip, 1 seed", "validation accuracy, %", "learning rate", "images per second", "epoch")
    for said in wanted:
        assert said in words, said
    assert "#0a63a6" in svg
    assert not any(placeholder in svg for placeholder in ("#010203", "#020304", "#030405"))


def test_another_metric_is_another_image() -> None:
    brier = MetricInfo("brier", lower_is_better=True)
    svg = draw_learning([BASE], brier, "svg").decode()
    assert "validation brier" in svg
    assert svg != draw_learning([VariantCurves("", "base", (seed(0, brier=0.5),))], brier, "svg").decode()


def test_a_training_of_one_epoch_or_without_the_metric_can_be_drawn() -> None:
    short = VariantCurves("", "base", (SeedCurve(0, (0.5,), (0.6,), (0.7,), 1),))
    assert draw_learning([short], MetricInfo("brier"), "svg")
