"""Documents for pages: a small one with everything in it, and one whose every name is hostile."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from flowerablate.contracts import Contrast
from flowerablate.report.html.document import (
    Basis,
    Confusion,
    CostPoint,
    Document,
    Frame,
    SampleImages,
    SeedCurve,
    Strip,
    VariantCurves,
)


class Parsed(HTMLParser):
    """A page as a browser sees it: its elements with their attributes, and its text without styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.styles = ""
        self._in_style = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles += data
        else:
            self.text += data

    def values(self, name: str) -> list[str]:
        """The values of every attribute of that name."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="session")
def parsed() -> type[Parsed]:
    return Parsed


def image() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def document(study) -> Callable[..., Document]:
    """Make a document in which *name* stands wherever a study, its data or a plugin could put a name."""

    def make(name: str = "flip", **changes: object) -> Document:
        change = f"-{name}"
        contrast = Contrast(change, "removal", {"": 1.0, change: -1.0}, component=name)
        accuracies = {"": [0.9, 0.91, 0.93], change: [0.8, 0.82, 0.81]}
        summary = study(accuracies, contrasts=[contrast])
        curve = SeedCurve(0, (1.0, 0.5, None), (1.1, 0.6, None), (0.5, 0.8, 0.9), 2)
        frame = Frame(name, image(), "image/png", 4, 4, name)
        fields = {
            "title": name,
            "summary": summary,
            "curves": (VariantCurves("", "base", (curve,)), VariantCurves(change, change, (curve, curve))),
            "costs": (CostPoint("", "base", 2.0, 0.9), CostPoint(change, change, 1.0, 0.8, 0.75, 0.85)),
            "confusions": (Confusion(change, (name, f"{name} 2"), ((8, 2), (1, 9)), 2),),
            "samples": SampleImages((Strip(name, name, (frame, frame)),), (name,)),
            "study": f'name = "{name}"\n[model]\nuse = "x"\n',
            "basis": Basis("id", (0, 1), 6, "hash", (("owners", ((name, 4), (f"{name} 2", 2))),)),
            "missing": (name,),
        }
        return Document(**{**fields, **changes})  # type: ignore[arg-type]

    return make
