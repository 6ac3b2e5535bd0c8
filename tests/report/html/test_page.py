"""One file that loads nothing, runs nothing, and shows every name as a name."""

import re
from dataclasses import replace

import matplotlib
import pytest

from flowerablate.report.column import Column
from flowerablate.report.figures import draw_forest
from flowerablate.report.html.document import Confusion, Frame, SampleImages, Strip
from flowerablate.report.html.page import _whole_percent, to_html

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "javascript:alert(1)",
    "</style></svg></title><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "{{ 7 * 7 }}{% include 'x' %}",
    "&lt;b&gt;&amp;",
    "$\\frac{",
    "]]><a href='https://example.org'>x</a>",
    "url(https://example.org/x)",
]
QUICK = HOSTILE[:1] + HOSTILE[5:6] + HOSTILE[8:]
ELEMENTS_WITH_ADDRESSES = ("src", "href", "xlink:href", "action", "data", "poster", "srcset", "background")


@pytest.fixture(scope="module")
def plain(document):
    return to_html(document())


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in HOSTILE]
)
def hostile(document, request):
    """A hostile name and the page in which it stands for everything that has a name."""
    return request.param, to_html(document(request.param))


def test_a_hostile_name_is_text_and_changes_no_element(hostile, parsed, plain):
    name, text = hostile
    page, usual = parsed(text), parsed(plain)
    assert name in page.text
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in usual.elements]
    assert [sorted(attributes) for _, attributes in page.elements] == [sorted(a) for _, a in usual.elements]
    assert page.styles == usual.styles


def test_nothing_outside_the_file_is_referred_to(hostile, parsed):
    page = parsed(hostile[1])
    addresses = [value for attribute in ELEMENTS_WITH_ADDRESSES for value in page.values(attribute)]
    assert addresses
    assert all(re.match(r"#|data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+$", address) for address in addresses)
    styles = [page.styles, *page.values("style"), *page.values("clip-path"), *page.values("fill")]
    assert all(re.fullmatch(r"#[\w-]+", inner) for text in styles for inner in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in page.styles


def test_there_is_no_script_and_the_policy_forbids_them(plain, parsed):
    page = parsed(plain)
    assert not {tag for tag, _ in page.elements} & {"script", "iframe", "object", "embed", "link", "base", "form"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_the_same_document_gives_the_same_page_whatever_the_users_drawing_settings(document, plain):
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "svg.hashsalt": "other"}):
        assert to_html(document()) == plain


def test_ids_are_unique_and_all_references_lead_somewhere(plain, parsed):
    page = parsed(plain)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    references = [value[1:] for name in ("href", "xlink:href") for value in page.values(name) if value[0] == "#"]
    references += re.findall(r"url\(#([^)]+)\)", plain)
    assert references
    assert set(references) <= set(ids)


def test_the_table_shows_figures_and_verdict_and_its_sign(plain, parsed):
    text = " ".join(parsed(plain).text.split())
    assert "91.3 → 81.0" in text
    assert "+10.3" in text
    assert "▲ helps" in text


def test_every_figure_says_in_words_what_it_shows(plain, parsed):
    said = [attributes["aria-label"] for tag, attributes in parsed(plain).elements if tag == "svg"]
    assert len(said) == 4
    assert any("-flip +10.3" in words and "helps" in words for words in said)
    assert all(attributes.get("alt") for tag, attributes in parsed(plain).elements if tag == "img")


def test_the_page_has_the_figure_of_both_intervals(document, study):
    summary = study({"": [0.9, 0.91, 0.93], "-flip": [0.8, 0.82, 0.81], "-crop": [0.9, 0.9, 0.91]})
    page = to_html(document(summary=summary))
    forest = draw_forest(summary)
    assert forest in page
    assert forest.count("stroke-width: 2.2") == len(summary.rows)
    low, high = summary.rows[0].family_interval
    assert low < summary.rows[0].effect.low < summary.rows[0].effect.high < high


def test_characters_that_mislead_the_eye_are_replaced(document):
    page = to_html(document("safe\u202efpj.exe\x1b[31m"))
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "safe�fpj.exe�[31m" in page


def test_the_study_keeps_its_lines(plain, parsed):
    assert 'name = "flip"\n[model]\nuse = "x"\n' in parsed(plain).text


def test_what_is_not_there_is_left_out_and_said(document, parsed):
    bare = document(
        curves=(), costs=(), confusions=(), samples=SampleImages(remarks=("The folder is gone.",)), study=""
    )
    page = parsed(to_html(bare))
    assert "The folder is gone." in page.text
    assert not {"costs", "curves", "confusion"} & set(page.values("id"))
    assert "Not recorded in the ledger." in page.text


def test_many_classes_are_told_by_their_most_frequent_mistakes(document, parsed):
    counts = [[0] * 20 for _ in range(20)]
    counts[3][7], counts[5][5] = 9, 80
    classes = tuple(f"class{index}" for index in range(20))
    confusion = Confusion("base", classes, tuple(map(tuple, counts)), 1)
    text = "".join(parsed(to_html(document(confusions=(confusion,)))).text.split())
    assert "class3class79100.0" in text
    assert "class5class5" not in text


def test_only_images_are_embedded(document):
    frame = Frame("x", b"<svg onload=alert(1)>", "image/svg+xml", 1, 1)
    with pytest.raises(ValueError, match="svg"):
        to_html(document(samples=SampleImages((Strip("key", "rose", (frame,)),))))


def test_columns_of_a_plugin_are_shown_and_escaped(document, parsed):
    class Odd(Column):
        name = "odd"

        def cells(self, summary):
            return ["<b>bold</b>"] * (1 + len(summary.rows))

    page = parsed(to_html(document(), columns=[Odd()]))
    assert page.text.count("<b>bold</b>") == 2
    assert "b" not in {tag for tag, _ in page.elements}


def test_a_page_of_a_large_study_stays_small(document):
    small = document()
    curve = replace(small.curves[0].seeds[0], validation_accuracy=tuple(i / 101 for i in range(60)))
    curve = replace(curve, train_loss=curve.validation_accuracy, validation_loss=curve.validation_accuracy)
    curves = tuple(replace(small.curves[1], change=str(i), label=str(i), seeds=(curve,) * 30) for i in range(12))
    assert len(to_html(replace(small, curves=curves)).encode()) < 1.5e6


def test_a_rounded_share_never_reads_as_none_or_all_of_a_class():
    assert [_whole_percent(fraction) for fraction in (0, 0.004, 0.5, 0.996, 1)] == ["0", "< 1", "50", "> 99", "100"]
