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


def test_columns_are_found_out_by_name_and_content_and_told(context: DataContext) -> None:
    samples = table(context, ROWS)
    assert (samples.groups, samples.splits) == (("p1", "p1", "p2", "p3"), None)  # Trainees is no part
    assert samples.found == "2 classes, 4 images; columns: image 'path', label 'label', group 'patient'"
    assert table(context, ROWS, group="-").groups is None

    rows = ["File Name;Dx;age;Partition", "a/1.png;x;50;train", "b/3.png;y;20;Testing"]
    samples = table(context, rows)
    assert samples.classes == ("x", "y")
    assert samples.splits == ("train", "test")
    assert samples.found == (
        "2 classes, 2 images, official split train/test; columns: image 'File Name', label 'Dx', split 'Partition'"
    )
    assert table(context, rows, split="-").splits is None


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_values_may_be_separated_in_any_usual_way(context: DataContext, mark: str) -> None:
    rows = [row.replace(",", mark) for row in ("path,label,note", 'a/1.png,x,"1,5;3"', "b/3.png,y,")]
    rows[1] = mark.join(["a/1.png", "x", f'"1{mark}5"'])
    assert table(context, rows).labels == (0, 1)


def test_a_column_that_only_content_tells_is_found(context: DataContext) -> None:
    assert table(context, ["x-ray,kind", "a/1.png,x", "b/3.png,y"]).keys == ("a/1.png", "b/3.png")
    with pytest.raises(DataError, match=r"which column is the class.* \(dataset.label\).*'age', 'sex'"):
        table(context, ["path,age,sex", "a/1.png,50,m", "b/3.png,20,f"])
    with pytest.raises(DataError, match=r"no column names images; choose one \(dataset.image\).*: 'kind', 'age'"):
        table(context, ["kind,age", "x,50", "y,20"])
    with pytest.raises(DataError, match="no header; add a first line such as path,label"):
        table(context, ["a/1.png,x", "b/3.png,y"])


def test_images_are_found_by_their_names_or_identifiers_anywhere_in_the_folder(context: DataContext) -> None:
    samples = table(context, ["image_id,dx", "1,x", "3,y"])
    assert samples.keys == ("a/1.png", "b/3.png")
    assert samples.paths == (context.root / "a/1.png", context.root / "b/3.png")
    assert table(context, ["image,dx", "2.png,x", "b/4,y"]).keys == ("a/2.png", "b/4.png")
    Image.new("RGB", (8, 8)).save(context.root / "b/1.png")
    with pytest.raises(DataError, match=r"several images '1', a/1.png and b/1.png; write their paths"):
        table(context, ["image_id,dx", "1,x", "3,y"])
    assert table(context, ["image_id,dx", "1,x", "2,y"], folder="a").keys == ("1.png", "2.png")


def test_classes_may_have_a_column_each(context: DataContext) -> None:
    rows = ["image,MEL,NV,BCC,age", "1,0,1,0,20", "2,1.0,0.0,0.0,30", "3,0,0,1,1"]
    samples = table(context, rows)
    assert (samples.classes, samples.labels) == (("MEL", "NV", "BCC"), (1, 0, 2))
    assert samples.found == "3 classes, 3 images; columns: image 'image' and one for each class"
    assert table(context, rows, one_hot=("MEL", "NV", "BCC")) == samples
    with pytest.raises(DataError, match=r"row 2 is of no class; a classifier needs one in each row"):
        table(context, rows, one_hot=("MEL", "BCC"))
    several = ["image,a,b", "1,0,1", "2,1,1"]
    with pytest.raises(DataError, match=r"which column is the class of an image is not clear.*'a', 'b'"):
        table(context, several)
    with pytest.raises(DataError, match=r"row 3 is of 2 classes, a, b; a classifier needs one"):
        table(context, several, one_hot=("a", "b"))
    assert table(context, several, label="a").classes == ("0", "1")


def test_a_label_of_several_labels_is_refused(context: DataContext) -> None:
    rows = ["path,label", "a/1.png,daisy", "a/2.png,daisy|rose", "b/3.png,rose"]
    with pytest.raises(DataError, match=r"row 3 has the label 'daisy\|rose', which is several others"):
        table(context, rows)
    assert table(context, [*rows[:2], "a/2.png,daisy|tulip", rows[3]]).classes == ("daisy", "daisy|tulip", "rose")


def test_json_lines_are_a_table(context: DataContext) -> None:
    rows = ['{"file_name": "a/1.png", "label": 0, "objects": {"bbox": []}}', "", '{"file_name": "b/3.png", "label": 1}']
    samples = table(context, rows, "metadata.jsonl")
    assert (samples.keys, samples.classes) == (("a/1.png", "b/3.png"), ("0", "1"))
    with pytest.raises(DataError, match="row 3 has no 'label'"):
        table(context, [*rows[:2], '{"file_name": "b/3.png"}'], "m.jsonl")
    with pytest.raises(DataError, match=r"row 1 is no object; write one in braces"):
        table(context, ["[1, 2]"], "m.jsonl")
    with pytest.raises(DataError, match=r"cannot read .*m.jsonl as JSON lines"):
        table(context, ["{" * 100_000], "m.jsonl")


def test_a_folder_with_metadata_files_is_read_as_the_tables_say(context: DataContext) -> None:
    for part, images in {"train": ("a/1", "b/3"), "test": ("a/2", "b/4")}.items():
        (context.root / "set" / part).mkdir(parents=True)
        lines = []
        for label, image in enumerate(images):
            name = image.replace("/", "") + ".png"
            (context.root / f"{image}.png").rename(context.root / "set" / part / name)
            lines.append(f'{{"file_name": "{name}", "label": {label}}}')
        (context.root / "set" / part / "metadata.jsonl").write_text("\n".join(lines))
    assert SPEC.reads(context.root / "set")
    samples = built(context, path="set")
    assert dict(zip(samples.keys, samples.splits, strict=True)) == {
        "train/a1.png": "train", "train/b3.png": "train", "test/a2.png": "test", "test/b4.png": "test"
    }  # fmt: skip
    (context.root / "set/test/metadata.jsonl").unlink()
    with pytest.raises(DataError, match="test/ has images but no metadata file"):
        built(context, path="set")
    assert not SPEC.reads(context.root)


def test_a_table_of_no_image_that_exists_says_where_they_were_looked_for(context: DataContext) -> None:
    lenient = replace(context, skip_bad=True)
    for each in (context, lenient):
        with pytest.raises(DataError, match=r"none of the images in the column 'path' of table.csv is in .*'gone.png'"):
            table(each, ["path,label", "gone.png,x", "lost.png,y"])


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
        table(context, ["path,kind", "a/1.png,x"], label="label")
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
