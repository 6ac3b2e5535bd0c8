"""Samples in tar files: what is one, where its class is, which tar files belong together, and what is refused."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import flowerablate_datasets
import numpy as np
import pytest
from PIL import Image

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.decode import decode
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

SPECS = {spec.name: spec for spec in collect_specs(flowerablate_datasets, "datasets")}
SPEC = SPECS["webdataset"]
PIXELS = np.random.default_rng(5).integers(0, 256, (4, 6, 7, 3), np.uint8)


def png(number: int = 0) -> bytes:
    content = io.BytesIO()
    Image.fromarray(PIXELS[number]).save(content, "PNG")
    return content.getvalue()


def tar(path: Path, members: dict[str, bytes | str], mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as file:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def samples_of(*numbers: int, label: str = "cls") -> dict[str, bytes | str]:
    both = ((f"{number:04}.png", png(number), f"{number:04}.{label}", str(number % 2)) for number in numbers)
    return {name: content for image, pixels, text, cls in both for name, content in ((image, pixels), (text, cls))}


def built(context: DataContext, path: str, **params: str) -> Samples:
    return SPEC.build(context, **{param.name: param.default for param in SPEC.params} | {"path": path} | params)


def left(context: DataContext) -> list[str]:
    return [path.name for path in context.cache.iterdir() if not path.name.endswith(".lock")]


@pytest.mark.parametrize(("name", "mode"), [("set.tar", "w"), ("set.tar.gz", "w:gz")])
def test_a_sample_is_the_files_of_one_name(context: DataContext, name: str, mode: str) -> None:
    path = tar(context.root / name, samples_of(0, 1, 2, 3), mode)
    samples = built(context, name)
    assert SPEC.reads(path)
    assert not SPECS["folder"].reads(path)
    assert samples.keys == ("0000.png", "0001.png", "0002.png", "0003.png")
    assert (samples.classes, samples.labels) == (("0", "1"), (0, 1, 0, 1))
    np.testing.assert_array_equal(np.stack([decode(each, 3) for each in samples.paths]), PIXELS)
    assert samples.paths[0].read_bytes() == png(0)
    check_dataset(SPEC, cache=context.cache, root=context.root, params={"path": name})


def test_what_the_library_writes_is_read(context: DataContext) -> None:
    webdataset = pytest.importorskip("webdataset")
    with webdataset.ShardWriter(str(context.root / "train-%06d.tar"), maxcount=2, verbose=0) as writer:
        for number in range(4):
            writer.write({"__key__": f"img/{number}", "png": Image.fromarray(PIXELS[number]), "cls": number % 2})
    samples = built(context, ".")
    assert samples.keys == tuple(f"train/img/{number}.png" for number in range(4))
    assert samples.splits is None  # there is no other part
    assert samples.labels == (0, 1, 0, 1)
    np.testing.assert_array_equal(np.stack([decode(each, 3) for each in samples.paths]), PIXELS)
    assert built(context, "train-{000000..000001}.tar") == samples


@pytest.mark.parametrize(
    ("texts", "params", "labels"),
    [
        ({"cls": "1"}, {}, "1"),
        ({"txt": " daisy\n"}, {}, "daisy"),
        ({"json": '{"label": "rose", "id": 3}'}, {}, "rose"),
        ({"json": '{"dx": 4, "label": 1}'}, {"label": "dx"}, "4"),
        ({"json": '{"caption": 1}', "txt": "aster"}, {}, "aster"),
        ({"cls": "1", "txt": "a caption"}, {}, "1"),
        ({"kind": "x", "cls": "1"}, {"label": "kind"}, "x"),
    ],
)
def test_the_class_is_where_it_usually_is_or_where_the_study_says(context, texts, params, labels) -> None:
    members = {"a.png": png(0), **{f"a.{field}": text for field, text in texts.items()}}
    members |= {"b.png": png(1), **{f"b.{field}": text for field, text in texts.items()}}
    tar(context.root / "set.tar", members)
    assert built(context, "set.tar", **params).classes == (labels,)


def test_a_file_beside_the_shards_names_the_classes(context: DataContext) -> None:
    tar(context.root / "wds" / "test" / "0.tar", samples_of(0, 1))
    tar(context.root / "wds" / "train" / "0.tar", samples_of(2, 3))
    (context.root / "wds" / "classnames.txt").write_text("rose\ndaisy\naster\n", encoding="utf-8")
    samples = built(context, "wds")
    assert samples.classes == ("rose", "daisy")
    assert samples.splits == ("train", "train", "test", "test")
    assert samples.keys == ("train/0002.png", "train/0003.png", "test/0000.png", "test/0001.png")
    assert "classes named by classnames.txt" in samples.found
    (context.root / "wds" / "classnames.txt").write_text("rose\n", encoding="utf-8")
    with pytest.raises(DataError, match="has the class '1', but 1 are named"):
        built(context, "wds")


def test_shards_that_count_from_zero_each_keep_all_their_samples(context: DataContext) -> None:
    for number in range(3):
        tar(context.root / f"part-{number}.tar", samples_of(0, 1))
    samples = built(context, "part-{0..2}.tar")
    assert len(samples) == 6
    assert samples.keys[1:4] == ("0001.png", "part-1.tar/0000.png", "part-1.tar/0001.png")
    assert built(context, ".").keys == samples.keys


def test_a_pattern_names_shards_in_order_and_a_missing_one_is_told(context: DataContext) -> None:
    for number in range(2):
        tar(context.root / f"s-{number:03}.tar", samples_of(number))
    assert built(context, "s-{000..001}.tar").keys == ("0000.png", "0001.png")
    assert built(context, "s-{000,001}.tar").keys == ("0000.png", "0001.png")
    with pytest.raises(DataError, match=r"no tar file .*s-002.tar"):
        built(context, "s-{000..002}.tar")
    with pytest.raises(DataError, match="no range of up to 100,000"):
        built(context, "s-{0..9999999999}.tar")
    with pytest.raises(DataError, match="lists 1,000,000 files"):
        built(context, "s-{000..999}{000..999}.tar")


def test_one_of_several_images_is_chosen(context: DataContext) -> None:
    members = {f"{key}.{field}": png(n) for key in "ab" for n, field in enumerate(("left.png", "right.png"))}
    members = dict(sorted((members | {"a.cls": "0", "b.cls": "1"}).items()))
    tar(context.root / "set.tar", members)
    with pytest.raises(DataError, match=r"several images, left.png, right.png; choose one \(dataset.image\)"):
        built(context, "set.tar")
    samples = built(context, "set.tar", image="right.png")
    assert samples.keys == ("a.right.png", "b.right.png")
    np.testing.assert_array_equal(decode(samples.paths[0], 3), PIXELS[1])


def test_groups_are_a_key_of_json(context: DataContext) -> None:
    known = {key: json.dumps({"label": key, "patient": 7}) for key in "ab"}
    tar(context.root / "set.tar", {"a.png": png(0), "a.json": known["a"], "b.png": png(1), "b.json": known["b"]})
    assert built(context, "set.tar", group="patient").groups == ("7", "7")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"c.cls": "1"}, "'c' has no image"),
        ({"c.png": png(2)}, "'c' has no class"),
        ({"c.png": png(2), "c.cls": " "}, "'c' has no 'cls'"),
        ({"c.png": png(2), "c.json": "{"}, "'c' has a .json that cannot be read"),
        ({"c.png": png(2), "c.json": '{"label": [1, 2]}'}, "'c' has list as 'label'"),
    ],
)
def test_a_sample_without_image_or_class_is_told_or_left_out(context: DataContext, members, why: str) -> None:
    tar(context.root / "set.tar", samples_of(0, 1) | members)
    with pytest.raises(DataError, match=f"{why}.*skip-bad"):
        built(context, "set.tar")
    samples = SPEC.build(replace(context, skip_bad=True), path="set.tar", image="", label="", group="")
    assert samples.keys == ("0000.png", "0001.png")
    assert samples.skipped == ("set.tar/c",)


def test_hostile_and_damaged_tar_files_leave_nothing(context: DataContext) -> None:
    tar(context.root / "climbs.tar", samples_of(0) | {"../b.png": png(1), "../b.cls": "1"})
    tar(context.root / "twice.tar", samples_of(0) | samples_of(1) | {"0000.jpg": png(0)})
    whole = tar(context.root / "cut.tar.gz", samples_of(0, 1, 2, 3), "w:gz")
    whole.write_bytes(whole.read_bytes()[:-200])
    for name, why in {
        "climbs.tar": "points outside its folder",
        "twice.tar": "sample '0000' in two places",
        "cut.tar.gz": "is damaged",
    }.items():
        with pytest.raises(DataError, match=why):
            built(context, name)
        assert left(context) == []


@pytest.mark.parametrize(
    "members",
    [
        {"daisy/1.png": png(0), "rose/1.png": png(1)},
        {"daisy/1.png": png(0), "daisy/1.txt": "a note", "rose/1.png": png(1), "rose/1.txt": "a note"},
        {"daisy/1.png": png(0), "rose/1.png": png(1), "LICENSE.txt": "free"},
    ],
    ids=["plain", "notes", "licence"],
)
def test_a_tar_of_class_folders_stays_with_the_data_set_folder(context: DataContext, members) -> None:
    path = tar(context.root / "flowers.tar", members)
    assert SPECS["folder"].reads(path)
    assert not SPEC.reads(path)
