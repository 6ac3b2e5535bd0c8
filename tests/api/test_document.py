"""Every line of docs/how-to/notebook.md runs, and gives what the document says."""

import doctest
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "notebook.md"


@pytest.mark.usefixtures("one_thread")
def test_every_line_of_the_document_gives_what_it_says(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    test = doctest.DocTestParser().get_doctest(DOCUMENT.read_text(), {}, DOCUMENT.name, str(DOCUMENT), 0)
    assert len(test.examples) > 20
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=told.append)
    assert not told, "".join(told)
