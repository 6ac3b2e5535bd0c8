"""Parquet and Arrow files with images in them: which columns are read, which files belong together, and damage."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import flowerablate_datasets
import numpy as np
import pytest
from flowerablate_datasets.containers.arrow_files import rows_of
from PIL import Image

from flowerablate import DataContext, DataError
from flowerablate.data.decode import decode
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402

SPECS = {spec.name: spec for spec in collect_specs(flowerablate_datasets, "datasets")}
SPEC = SPECS["arrow"]
PIXELS = np.random.default_rng(5).integers(0, 256, (6, 7, 5, 3), np.uint8)
LABELS = [0, 1, 0, 1, 1, 0]
KIND = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def table(rows: range = range(6), *, names=("cat", "dog"), labels=LABELS, **more):
    """Return a table in the schema of ``datasets``; *names* of the classes are in its note."""
    images = [{"bytes": png(PIXELS[row]), "path": None} for row in rows]
    columns = {"image": pa.array(images, KIND), "label": pa.array([labels[row] for row in rows])}
    found = pa.table(columns | {name: pa.array([values[row] for row in rows]) for name, values in more.items()})
    if not names:
        return found
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": list(names)}}
    return found.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def built(context: DataContext, path: str = "data.parquet", **settings):
    given = {param.name: param.default for param in SPEC.params} | {"path": path} | settings
    return SPEC.build(context, **given)


def written(context: DataContext, what, path: str = "data.parquet") -> Path:
    place = context.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(what, place, row_group_size=2)
    return place


def pixels_of(samples) -> np.ndarray:
    return np.stack([decode(path, 3) for path in samples.paths])


def refused(context: DataContext, why: str, path: str = "data.parquet", **settings) -> None:
    with pytest.raises(DataError, match=why) as told:
        built(context, path, **settings)
    assert "\n" not in str(told.value)
    assert [each.name for each in context.cache.iterdir() if not each.name.endswith(".lock")] == []


def test_a_parquet_file_is_read_with_the_names_of_its_classes(context: DataContext) -> None:
    place = written(context, table())
    samples = built(context)
    assert SPEC.reads(place)
    assert samples.classes == ("cat", "dog")
    assert samples.labels == tuple(LABELS)
    assert samples.splits is None
    assert samples.keys[:2] == ("000000.png", "000001.png")
    assert samples.found == "2 classes, 6 images; columns: image 'image', label 'label'"
    np.testing.assert_array_equal(pixels_of(samples), PIXELS)
    check_dataset(SPEC, cache=context.cache, root=context.root, params={"path": "data.parquet"})


def test_a_plain_column_of_bytes_counts_if_it_begins_as_images_do(context: DataContext) -> None:
    content = pa.array([png(image) for image in PIXELS])
    place = written(context, pa.table({"sha": pa.array([b"abc"] * 6), "photo": content, "species": list("abcabc")}))
    samples = built(context)
    assert SPEC.reads(place)
    assert samples.classes == ("a", "b", "c")
    assert "image 'photo', label 'species'" in samples.found
    np.testing.assert_array_equal(pixels_of(samples), PIXELS)


def test_a_table_of_paths_stays_with_the_data_set_table(context: DataContext) -> None:
    paths = written(context, pa.table({"path": ["a.png"], "label": ["x"], "sha": [b"abc"]}), "paths.parquet")
    images = written(context, table(), "images.parquet")
    assert [SPECS["table"].reads(path) for path in (paths, images)] == [True, False]
    assert [SPEC.reads(path) for path in (paths, images)] == [False, True]
    refused(context, "no column holds image files.*use the data set table", "paths.parquet")


@pytest.mark.parametrize("within", ["", "data/"])
def test_shards_are_parts_by_their_names(context: DataContext, within: str) -> None:
    for number, rows in enumerate((range(0, 2), range(2, 4))):
        written(context, table(rows), f"set/{within}train-0000{number}-of-00002.parquet")
    place = written(context, table(range(4, 6)), f"set/{within}validation-00000-of-00001.parquet")
    samples = built(context, "set")
    assert SPEC.reads(context.root / "set")
    assert not SPECS["folder"].reads(context.root / "set")
    assert samples.keys[3:5] == ("train/000003.png", "val/000000.png")
    assert samples.splits == ("train",) * 4 + ("test",) * 2  # nothing else to test on
    np.testing.assert_array_equal(pixels_of(samples), PIXELS)
    place.rename(place.with_name("more.parquet"))
    refused_after = pytest.raises(DataError, match=r"more.parquet names no part of the split, and others do")
    with refused_after:
        built(context, "set")


def test_folders_of_parts_hold_parts(context: DataContext) -> None:
    written(context, table(range(0, 4)), "set/train/0000.parquet")
    written(context, table(range(4, 6)), "set/test/0000.parquet")
    assert built(context, "set").splits == ("train",) * 4 + ("test",) * 2


def test_a_part_without_labels_is_left_out_and_a_row_without_one_is_named(context: DataContext) -> None:
    written(context, table(range(0, 4)), "set/train-00000-of-00001.parquet")
    written(context, table(range(4, 6), labels=[-1] * 6), "set/test-00000-of-00001.parquet")
    samples = built(context, "set")
    assert len(samples) == 4
    assert samples.left_out == ("2 images without labels (the part test)",)
    written(context, table(labels=[0, 1, -1, 0, 1, 1]))
    with pytest.raises(DataError, match=r"data.parquet, row 3 has no 'label'; fill it in, or remove the row"):
        built(context)


def test_groups_and_parts_are_columns(context: DataContext) -> None:
    parts = ["train"] * 4 + ["test"] * 2
    written(context, table(patient_id=list("aabbcc"), split=parts))
    samples = built(context)
    assert samples.groups == tuple("aabbcc")
    assert samples.splits == tuple(parts)
    assert built(context, group="-", split="-").groups is None
    written(context, table(part=["arm", "leg"] * 3), "body.parquet")
    assert built(context, "body.parquet").splits is None


def test_several_columns_that_may_be_meant_are_asked_for(context: DataContext) -> None:
    found = table(names=())
    written(context, found.rename_columns(["photo", "a"]).append_column("b", pa.array(LABELS)))
    refused(context, r"which column is the class .*choose one \(dataset.label\): 'a', 'b'")
    assert built(context, label="b", class_names=("no", "yes")).classes == ("no", "yes")
    twice = found.append_column("scan", found.column("image")).rename_columns(["photo", "label", "scan"])
    written(context, twice, "two.parquet")
    with pytest.raises(DataError, match=r"several columns hold images; choose one \(dataset.image\): 'photo', 'scan'"):
        built(context, "two.parquet")
    assert len(built(context, "two.parquet", image="scan")) == 6


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"image": "label"}, "the column 'label' holds int64, no image files"),
        ({"label": "image"}, "the column 'image' holds struct.*, not one value for each image|has no"),
        ({"label": "kind"}, "has 0 columns 'kind', not one; it has: 'image', 'label'"),
        ({"class_names": ("a",)}, "row 2 has the label 1, but 1 classes are named"),
        ({"class_names": ("a", "a")}, "two classes have the same name"),
    ],
)
def test_columns_that_do_not_fit_are_named(context: DataContext, settings, why: str) -> None:
    written(context, table())
    refused(context, why, **settings)


def test_labels_outside_of_the_names_and_images_that_are_not_there_are_named(context: DataContext) -> None:
    written(context, table(labels=[0, 1, 2, 0, 1, 1]))
    refused(context, "row 3 has the label 2, but 2 classes are named, 0 to 1")
    images = pa.array([{"bytes": png(PIXELS[0]), "path": None}, {"bytes": None, "path": "/a/b.png"}], KIND)
    written(context, pa.table({"image": images, "label": ["a", "b"]}))
    why = r"row 2 has no image in 'image', only the path '/a/b.png': save the data set with its images in it"
    with pytest.raises(DataError, match=why):
        built(context)
    skipping = built(replace(context, skip_bad=True))
    assert (skipping.keys, skipping.skipped) == (("000000.png",), ("data.parquet, row 2",))


def test_labels_that_are_no_classes_and_columns_without_any_image_leave_nothing(context: DataContext) -> None:
    images = pa.array([{"bytes": None, "path": "/a/b.png"}, {"bytes": b"", "path": None}], KIND)
    written(context, pa.table({"image": images, "label": ["a", "b"]}))
    refused(context, "holds no images that can be read; .*row 1 has no image in 'image', only the path")
    written(context, table(labels=["9" * 5000, "0"] * 3))
    refused(context, "row 1 has the label 9+, but 2 classes are named")
    written(context, pa.table({"image": images, "label": ["", "a"]}))
    refused(context, "row 1 has no 'label'; fill it in, or remove the row")
    written(context, pa.table({"image": images, "label": [[1, 2], [3]]}))
    refused(context, r"which column is the class of an image is not clear; choose one \(dataset.label\): none")
    written(context, pa.table({"image": images, "label": [0.5, 1.0]}))
    refused(context, r"row 1 has the fraction 0.5, no class")


@pytest.mark.parametrize("note", [b"{", b"[]", b'{"info": {"features": {"label": 5}}}', b"[" * 100_000])
def test_a_note_that_is_none_is_passed_by(context: DataContext, note: bytes) -> None:
    written(context, table().replace_schema_metadata({"huggingface": note}))
    assert built(context).classes == ("0", "1")


def test_damaged_files_are_told_in_one_line(context: DataContext) -> None:
    content = written(context, table()).read_bytes()
    place = context.root / "data.parquet"
    for damaged in (content[:-30], content[: len(content) // 2], b"", b"PAR1", b"PAR1" + b"\xff" * 90 + b"PAR1"):
        place.write_bytes(damaged)
        assert not SPEC.reads(place)
        refused(context, r"cannot read .*data.parquet: .*; it may be damaged: get it again")
    broken = bytearray(content)
    broken[4:400] = b"\xff" * 396
    place.write_bytes(broken)
    refused(context, r"cannot read .*data.parquet|has no image")


def test_a_saved_folder_is_read_as_its_files_say(context: DataContext) -> None:
    home = context.root / "saved"
    for part, rows in (("train", range(0, 4)), ("test", range(4, 6))):
        (home / part).mkdir(parents=True)
        found = table(rows)
        path = str(home / part / "data-00000-of-00001.arrow")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, found.schema) as stream:
            stream.write_table(found, max_chunksize=3)
        state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}
        (home / part / "state.json").write_text(json.dumps(state))
        (home / part / "dataset_info.json").write_text("{}")
    (home / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    samples = built(context, "saved")
    assert SPEC.reads(home)
    assert samples.splits == ("train",) * 4 + ("test",) * 2
    assert samples.classes == ("cat", "dog")
    np.testing.assert_array_equal(pixels_of(samples), PIXELS)
    assert built(context, "saved/test").keys == ("000000.png", "000001.png")
    stray = home / "test" / "data-00000-of-00001.arrow"
    stray.write_bytes(stray.read_bytes()[:-300])
    with pytest.raises(DataError, match=r"cannot read .*data-00000-of-00001.arrow"):
        built(context, "saved")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ('{"_data_files": [{"filename": "../secret.arrow"}]}', "names '../secret.arrow', which points outside"),
        ('{"_data_files": [{"filename": "none.arrow"}]}', "names 'none.arrow', which is not there"),
        ('{"_data_files": 5}', "cannot read .*state.json"),
        ('{"_data_files": [5]}', "_data_files is no list of names"),
        ("[]", "cannot read .*state.json"),
        ("{", "cannot read .*state.json"),
        ('{"_data_files": [], "_indices_data_files": [{"filename": "i"}]}', "a selection of rows that is not applied"),
    ],
)
def test_notes_of_a_saved_folder_are_not_believed(context: DataContext, state: str, why: str) -> None:
    (context.root / "saved").mkdir()
    (context.root / "saved" / "state.json").write_text(state)
    (context.root / "saved" / "dataset_info.json").write_text("{}")
    refused(context, why, "saved")


def test_offsets_that_lead_outside_of_an_arrow_file_are_refused(context: DataContext) -> None:
    found = table(range(0, 2))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as stream:
        stream.write_table(found)
    content = sink.getvalue().to_pybytes()
    lengths = np.array([0, len(png(PIXELS[0])), len(png(PIXELS[0])) + len(png(PIXELS[1]))], np.int32).tobytes()
    assert content.count(lengths) == 1
    (context.root / "data.arrow").write_bytes(content.replace(lengths, np.array([0, 9, 2**31 - 1], np.int32).tobytes()))
    refused(context, "cannot read .*data.arrow", "data.arrow")


def test_a_long_text_that_is_stored_once_for_all_rows_is_not_read_for_each(context: DataContext) -> None:
    images = pa.array([{"bytes": png(PIXELS[0]), "path": None}] * 200, KIND)
    place = context.root / "data.parquet"
    parquet.write_table(pa.table({"image": images, "label": ["x" * 20_000] * 200}), place, compression="zstd")
    assert place.stat().st_size < 100_000
    refused(context, "has a text of 20,000 bytes as a class or group; choose another column")


@pytest.mark.parametrize("pages", [{"row_group_size": 4}, {"write_batch_size": 4, "data_page_size": 4_000_000}])
def test_memory_holds_a_page_and_not_the_file(context: DataContext, pages: dict[str, int]) -> None:
    images = [{"bytes": np.random.default_rng(row).bytes(1_000_000), "path": None} for row in range(60)]
    place = context.root / "data.parquet"
    parquet.write_table(pa.table({"image": pa.array(images, KIND)}), place, use_dictionary=False, **pages)
    usual, pool, most = pa.default_memory_pool(), pa.system_memory_pool(), 0
    pa.set_memory_pool(pool)
    try:
        for _ in rows_of(place, ["image"], 1):
            most = max(most, pool.bytes_allocated())
    finally:
        pa.set_memory_pool(usual)
    assert 1_000_000 <= most < 20_000_000


@pytest.mark.parametrize("name", [b"label", b"bytes"])
def test_names_of_columns_that_are_not_utf8_are_refused(context: DataContext, name: bytes) -> None:
    found = table(names=())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema) as stream:
        stream.write_table(found)
    content = sink.getvalue().to_pybytes()
    assert name in content
    (context.root / "data.arrow").write_bytes(content.replace(name, b"\xff" * 5))
    assert not SPEC.reads(context.root / "data.arrow")
    refused(context, "cannot read .*data.arrow", "data.arrow")


def test_what_the_library_datasets_writes_is_read(context: DataContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(context.root / "cache"))
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=["cat", "dog"]))
    images = [Image.fromarray(image) for image in PIXELS]
    whole = datasets.Dataset.from_dict({"image": images, "label": LABELS}, features=features)
    whole.to_parquet(context.root / "whole.parquet")
    whole.save_to_disk(context.root / "saved")
    datasets.DatasetDict(train=whole, test=whole.select([5, 1])).save_to_disk(context.root / "parts")
    for path in ("whole.parquet", "saved"):
        samples = built(context, path)
        assert SPEC.reads(context.root / path)
        assert (samples.classes, samples.labels) == (("cat", "dog"), tuple(LABELS))
        np.testing.assert_array_equal(pixels_of(samples), PIXELS)
    samples = built(context, "parts")
    assert samples.splits == ("train",) * 6 + ("test",) * 2
    np.testing.assert_array_equal(pixels_of(samples)[6:], PIXELS[[5, 1]])
