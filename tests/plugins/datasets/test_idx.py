"""IDX files: which belong together, and headers that do not fit their files."""

from __future__ import annotations

import gzip

import flowerablate_datasets
import numpy as np
import pytest

from flowerablate import DataContext, DataError
from flowerablate.data.decode import decode
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

(SPEC,) = (spec for spec in collect_specs(flowerablate_datasets, "datasets") if spec.name == "idx")
IMAGES = np.random.default_rng(4).integers(0, 256, (5, 6, 7), np.uint8)
LABELS = np.array([7, 2, 7, 10, 2], np.uint8)
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def built(context: DataContext, path: str, class_names=()):
    return SPEC.build(context, path=path, class_names=class_names)


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    return head + array.tobytes()


def write(context: DataContext, names=NAMES, suffix: str = "") -> None:
    for name, array in zip(names, (IMAGES[:3], LABELS[:3], IMAGES[3:], LABELS[3:]), strict=False):
        content = idx(array)
        (context.root / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("names", [NAMES, tuple(name.replace("-idx", ".idx") for name in NAMES)])
def test_four_files_are_found_from_any_of_them_or_from_their_folder(context: DataContext, names, suffix: str) -> None:
    write(context, names, suffix)
    found = [built(context, path) for path in (".", *(f"{name}{suffix}" for name in names))]
    assert all(each == found[0] for each in found)
    samples = found[0]
    assert all(SPEC.reads(context.root / path) for path in (".", f"{names[1]}{suffix}"))
    assert samples.classes == ("2", "7", "10")
    assert samples.labels == (1, 0, 1, 2, 0)
    assert samples.splits == ("train", "train", "train", "test", "test")
    assert samples.keys[3] == "test/000000.png"
    np.testing.assert_array_equal(np.stack([decode(path, 1)[..., 0] for path in samples.paths]), IMAGES)
    check_dataset(SPEC, cache=context.cache, root=context.root, params={"path": "."})


def test_a_pair_alone_has_no_split_and_classes_may_be_named(context: DataContext) -> None:
    write(context, NAMES[:2])
    assert built(context, NAMES[0]).splits is None
    names = tuple("abcdefgh")
    assert built(context, NAMES[0], names).classes == ("c", "h")
    with pytest.raises(DataError, match="image 0 has the label 7, but 2 classes are named"):
        built(context, NAMES[0], ("a", "b"))


def test_several_data_sets_in_a_folder_are_chosen_by_a_file(context: DataContext) -> None:
    for kind in ("digits", "letters"):
        write(context, [f"emnist-{kind}-{name.replace('t10k', 'test')}" for name in NAMES], ".gz")
    with pytest.raises(DataError, match=r"several data sets \(emnist-digits, emnist-letters\); give a file of one"):
        built(context, ".")
    samples = built(context, f"emnist-letters-{NAMES[0]}.gz")
    assert len(samples) == 5
    assert "emnist-letters-test-images" in samples.found


def test_a_file_without_its_other_half_is_named(context: DataContext) -> None:
    write(context, NAMES[:3])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte has no file of labels beside it"):
        built(context, ".")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (idx(IMAGES[:3])[:-5], r"announces .*126 bytes, and it has 121"),
        (idx(IMAGES[:3]) + b"more", r"goes on after the 126 bytes|and it has 130"),
        (idx(IMAGES[:3])[:9], "is cut within its header"),
        (b"\0\0\x08\x03" + b"\x7f\xff\xff\xff" * 3, "more than is read"),
        (b"\0\0\x08\x03" + (9).to_bytes(4, "big") * 3, "729 bytes, and it has 0"),
        (b"\0\0\x0d\x03" + bytes(12), r"holds type 0x0d in 3 axes; images must be bytes \(type 0x08\) in 3"),
        (b"\x89PNG\r\n", "is no IDX file"),
        (b"", "is no IDX file"),
        (idx(IMAGES[:2]), "has 2 images, and train-labels-idx1-ubyte 3 labels"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_told_with_figures(context, content: bytes, why: str, suffix) -> None:
    write(context, NAMES[:2])
    (context.root / NAMES[0]).unlink()
    (context.root / f"{NAMES[0]}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(DataError, match=why):
        built(context, f"{NAMES[0]}{suffix}")
    assert [path.name for path in context.cache.iterdir() if not path.name.endswith(".lock")] == []


def test_damaged_gzip_is_told(context: DataContext) -> None:
    write(context, NAMES[:2], ".gz")
    path = context.root / f"{NAMES[0]}.gz"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz is cut or damaged"):
        built(context, ".")
