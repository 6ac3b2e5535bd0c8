"""Tables of images: columns, groups, official parts, and what is wrong in which row."""

from __future__ import annotations

import sys
from dataclasses import replace

import flowerablate_datasets
import pytest
from PIL import Image

from flowerablate import DataContext, DataError
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

(SPEC,) = (spec for spec in collect_specs(flowerablate_datasets, "datasets") if spec.name == "table")

ROWS = [
    "path,label,patient,part",
    "a/1.png,10,p1,train",
    "a/2.png,9,p1,Trainees",
    "b/3.png,9,p2,test",
    "b/4.png,10,p3,val",
]


def table(context: DataContext, rows: list[str], name: str = "table.csv", **params):
    (context.root / name).write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    return built(context, path=name, **params)


def built(context: DataContext, **params):
    return SPEC.build(context, **{param.name: param.default for param in SPEC.params} | params)


@pytest.fixture(autouse=True)
def images(context: DataContext) -> None:
    for key in ("a/1", "a/2", "b/3", "b/4"):
        (context.root / key).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(context.root / f"{key}.png")


def test_paths_labels_groups_and_parts_come_from_their_columns(context: DataContext) -> None:
    rows = [row.replace("Trainees", "train") for row in ROWS]
    samples = table(context, rows, group="patient", split="part")
    assert samples.keys == ("a/1.png", "a/2.png", "b/3.png", "b/4.png")
    assert samples.classes == ("9", "10")
    assert samples.labels == (1, 0, 0, 1)
    assert samples.groups == ("p1", "p1", "p2", "p3")
    assert samples.splits == ("train", "train", "test", "val")
    check_dataset(SPEC, cache=context.cache, root=context.root, params={"path": "table.csv", "group": "patient"})


def test_groups_and_parts_are_not_read_unless_asked(context: DataContext) -> None:
    samples = table(context, ROWS)
    assert (samples.groups, samples.splits) == (None, None)


def test_tabs_other_columns_and_another_folder(context: DataContext) -> None:
    rows = ["file\tkind", "1.png\tx", "2.png\ty"]
    samples = table(context, rows, "t.tsv", image="file", label="kind", folder="a")
    assert samples.paths == (context.root / "a/1.png", context.root / "a/2.png")
    assert samples.keys == ("1.png", "2.png")


def test_one_image_has_one_key_however_it_is_written(context: DataContext) -> None:
    rows = ["path,label", f"{context.root}/a/1.png,x", "./a/2.png,y"]
    assert table(context, rows).keys == ("a/1.png", "a/2.png")
    with pytest.raises(DataError, match=r"row 4 lists 'a/1.png', which row 2 already lists"):
        table(context, [*rows, "b/../a/1.png,y"])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b/3.png,", "row 3 has no 'label'"),
        ("b/3.png,NaN", "row 3 has no 'label'"),
        (",x", "row 3 has no 'path'"),
        ("b/9.png,x", "row 3 lists .*b/9.png, which does not exist"),
        ("b/3.png,x,y", "row 3 has 3 values for 2 columns"),
    ],
)
def test_a_bad_row_is_named(context: DataContext, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        table(context, ["path,label", "a/1.png,x", row])


def test_a_missing_group_and_a_strange_part_are_named(context: DataContext) -> None:
    with pytest.raises(DataError, match="row 2 has no 'patient'"):
        table(context, [ROWS[0], "a/1.png,x,,train"], group="patient")
    with pytest.raises(DataError, match="row 3 has the unknown part 'Trainees'; use train, val or test"):
        table(context, ROWS, split="part")


def test_missing_images_are_left_out_where_that_is_wanted(context: DataContext) -> None:
    lenient = replace(context, skip_bad=True)
    samples = table(lenient, ["path,label", "a/1.png,x", "gone.png,x", "b/3.png,y"])
    assert samples.skipped == ("gone.png",)
    assert len(samples) == 2


def test_a_table_that_cannot_be_used_says_why(context: DataContext) -> None:
    with pytest.raises(DataError, match="no column 'label'; it has: path, kind"):
        table(context, ["path,kind", "a/1.png,x"])
    with pytest.raises(DataError, match="no rows below its header"):
        table(context, ["path,label"])
    with pytest.raises(DataError, match=r"no table .*absent.csv"):
        built(context, path="absent.csv")
    (context.root / "bytes.csv").write_bytes(b"path,label\n\xff\xfe,x\n")
    with pytest.raises(DataError, match="as a table"):
        built(context, path="bytes.csv")


def test_parquet_is_read_as_the_same_table(context: DataContext) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    names, *rows = (row.split(",") for row in ROWS)
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    parquet.write_table(pyarrow.table({**columns, "label": [10, 9, 9, 10]}), context.root / "t.parquet")
    assert built(context, path="t.parquet", group="patient") == table(context, ROWS, group="patient")
    parquet.write_table(pyarrow.table({**columns, "label": [1.0, float("nan"), None, 2.0]}), context.root / "t.parquet")
    with pytest.raises(DataError, match="row 2 has no 'label'"):
        built(context, path="t.parquet")
    (context.root / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="as Parquet"):
        built(context, path="t.parquet")


def test_parquet_without_its_library_says_how_to_install_it(
    context: DataContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (context.root / "t.parquet").touch()
    with pytest.raises(DataError, match=r"pip install 'flowerablate\[parquet\]'"):
        built(context, path="t.parquet")
