"""NumPy arrays of images: which arrays are read, what becomes of their values, and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import flowerablate_datasets
import numpy as np
import pytest

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.decode import decode
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

(SPEC,) = (spec for spec in collect_specs(flowerablate_datasets, "datasets") if spec.name == "arrays")
RANDOM = np.random.default_rng(3)
GREY = RANDOM.integers(0, 256, (6, 9, 7), np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 9, 7, 3), np.uint8)
LABELS = np.array([0, 1, 1, 0, 10, 2])


def built(context: DataContext, path: str, **params) -> Samples:
    return SPEC.build(context, **{param.name: param.default for param in SPEC.params} | {"path": path} | params)


def npz(context: DataContext, **arrays) -> Samples:
    np.savez_compressed(context.root / "set.npz", **arrays)
    return built(context, "set.npz")


def pixels(samples: Samples, channels: int, bits: int = 8) -> np.ndarray:
    images = [decode(path, channels, bits=bits) for path in samples.paths]
    return np.stack(images)[..., 0] if channels == 1 else np.stack(images)


def medmnist() -> dict[str, np.ndarray]:
    parts = {"train": slice(0, 3), "val": slice(3, 4), "test": slice(4, 6)}
    images = {f"{part}_images": COLOUR[place] for part, place in parts.items()}
    return images | {f"{part}_labels": LABELS[place, None].astype(np.uint8) for part, place in parts.items()}


def test_an_npz_of_medmnist_is_read_as_it_is_with_its_official_split(context: DataContext) -> None:
    samples = npz(context, **medmnist())
    assert samples.classes == ("0", "1", "2", "10")
    assert samples.labels == (0, 1, 1, 0, 3, 2)
    assert samples.splits == ("train", "train", "train", "val", "test", "test")
    assert samples.keys[:2] == ("train/000000.png", "train/000001.png")
    assert samples.keys[-1] == "test/000001.png"
    np.testing.assert_array_equal(pixels(samples, 3), COLOUR)
    assert samples.found.startswith("4 classes, 6 images, official split train/val/test; arrays: 'train_images' with")
    check_dataset(SPEC, cache=context.cache, root=context.root, params={"path": "set.npz"})


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("X", "y"), ("data", "target")])
def test_one_pair_may_have_any_usual_name(context: DataContext, names: tuple[str, str]) -> None:
    samples = npz(context, **dict(zip(names, (GREY, LABELS), strict=True)))
    assert samples.splits is None
    assert samples.keys[0] == "000000.png"
    np.testing.assert_array_equal(pixels(samples, 1), GREY)


def test_keras_names_are_parts_too_and_other_arrays_are_told(context: DataContext) -> None:
    samples = npz(context, x_train=GREY[:4], y_train=LABELS[:4], x_test=GREY[4:], y_test=LABELS[4:], mean=GREY[0])
    assert samples.splits == ("train",) * 4 + ("test",) * 2
    assert samples.left_out == ("1 array (mean)",)


def test_parameters_name_arrays_that_no_word_tells(context: DataContext) -> None:
    with pytest.raises(DataError, match=r"name them \(dataset.images, dataset.labels\): 'scans', 'grade'"):
        npz(context, scans=GREY, grade=LABELS)
    samples = built(context, "set.npz", images="scans", labels="grade")
    np.testing.assert_array_equal(pixels(samples, 1), GREY)
    with pytest.raises(DataError, match="has no array 'scan'; it has: 'scans', 'grade'"):
        built(context, "set.npz", images="scan")
    with pytest.raises(DataError, match="'images' and 'x' may be the images"):
        npz(context, images=GREY, x=GREY, y=LABELS)


def test_npy_files_side_by_side_give_the_same_whichever_is_given(context: DataContext) -> None:
    for name, array in {"x_train": GREY[:4], "y_train": LABELS[:4], "x_test": GREY[4:], "y_test": LABELS[4:]}.items():
        np.save(context.root / f"{name}.npy", array)
    given = [built(context, path) for path in ("x_train.npy", "y_test.npy", ".")]
    assert given[0] == given[1] == given[2]
    np.testing.assert_array_equal(pixels(given[0], 1), GREY)
    assert given[0].splits == ("train",) * 4 + ("test",) * 2
    np.save(context.root / "scans.npy", GREY)
    np.save(context.root / "labels.npy", LABELS)
    assert built(context, "scans.npy").labels == (0, 1, 1, 0, 3, 2)


def test_classes_have_the_names_that_the_file_or_the_study_gives(context: DataContext) -> None:
    few = np.array([0, 1, 1, 0, 2, 2])
    names = np.array(["rose", "daisy", "aster", "none"])
    assert npz(context, images=GREY, labels=few, class_names=names).classes == ("rose", "daisy", "aster")
    assert built(context, "set.npz", class_names=("x", "b", "a")).classes == ("x", "b", "a")
    with pytest.raises(DataError, match="image 4 has the label 2, but 2 classes are named"):
        built(context, "set.npz", class_names=("a", "b"))
    assert npz(context, images=GREY, labels=names[few]).classes == ("aster", "daisy", "rose")


def test_groups_are_an_array(context: DataContext) -> None:
    samples = npz(context, images=GREY, labels=LABELS, patients=np.array([3, 3, 4, 4, 5, 6]))
    assert samples.groups == ("3", "3", "4", "4", "5", "6")


def test_one_hot_labels_are_read_and_labels_of_several_classes_refused(context: DataContext) -> None:
    rows = np.eye(3, dtype=np.float32)[[0, 1, 1, 0, 2, 2]]
    assert npz(context, images=GREY, labels=rows).labels == (0, 1, 1, 0, 2, 2)
    rows[4, 0] = 1
    with pytest.raises(DataError, match=r"shape \[6, 3\] and is not one-hot: image 4 has 2 classes"):
        npz(context, images=GREY, labels=rows)


@pytest.mark.parametrize(
    ("array", "channels", "same"),
    [
        (GREY[..., None], 1, GREY),
        (GREY[:, None], 1, GREY),
        (np.moveaxis(COLOUR, 3, 1), 3, COLOUR),
        (np.asfortranarray(COLOUR), 3, COLOUR),
        (GREY > 99, 1, (GREY > 99) * 255),
        (GREY.astype(np.int64), 1, GREY),
        (GREY / np.float32(255), 1, GREY),
        ((GREY / 255).astype(np.float16), 1, GREY),
    ],
    ids=["last", "first", "colour first", "fortran", "bool", "int64", "float32", "float16"],
)
def test_pixels_are_kept_to_the_bit(context: DataContext, array: np.ndarray, channels: int, same: np.ndarray) -> None:
    np.testing.assert_array_equal(pixels(npz(context, images=array, labels=LABELS), channels), same)


@pytest.mark.parametrize("order", ["<", ">"])
def test_grey_levels_of_16_bits_are_kept(context: DataContext, order: str) -> None:
    levels = RANDOM.integers(0, 65536, (6, 9, 7)).astype(f"{order}u2")
    np.testing.assert_array_equal(pixels(npz(context, images=levels, labels=LABELS), 1, 16), levels)


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((6, 3, 8, 3), np.uint8), r'can be read in two ways; set dataset.channels = "first"'),
        (np.zeros((6, 8, 9, 7), np.uint8), r"holds volumes, \[6, 8, 9, 7\]"),
        (np.zeros((6, 1, 8, 9, 7), np.uint8), "holds volumes"),
        (np.zeros((6, 64), np.uint8), r"reshape it to \[N, H, W\]"),
        (GREY.astype(np.int16) - 9, r"int16 of -9 to .*; save grey levels as uint8"),
        (GREY.astype(np.float32), "outside 0 to 1"),
        (np.full((6, 3, 4), np.nan), "outside 0 to 1"),
        (np.full((6, 5, 4), 0.3), "between the 256 grey levels"),
        (np.zeros((6, 5, 4), np.complex64), "no grey levels"),
        (np.zeros((6, 5, 4, 3), np.uint16), "colour of 16 bits"),
        (np.zeros((6, 0, 4), np.uint8), "images of 0 values"),
        (GREY[:5], r"has 6 labels; the first axis must count the images"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_cure(context: DataContext, array: np.ndarray, why: str) -> None:
    with pytest.raises(DataError, match=why):
        npz(context, images=array, labels=LABELS)
    assert [path.name for path in context.cache.iterdir() if not path.name.endswith(".lock")] == []


def test_two_readings_of_a_shape_are_chosen_by_a_parameter(context: DataContext) -> None:
    array = RANDOM.integers(0, 256, (6, 3, 5, 3), np.uint8)
    np.savez(context.root / "set.npz", images=array, labels=LABELS)
    np.testing.assert_array_equal(pixels(built(context, "set.npz", channels="last"), 3), array)
    np.testing.assert_array_equal(pixels(built(context, "set.npz", channels="first"), 3), array.transpose(0, 2, 3, 1))


def test_nothing_is_unpickled(context: DataContext, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    images = np.empty(6, object)
    images[:] = [Harm()] * 6
    with pytest.raises(DataError, match=r"holds Python objects.*numpy.stack"):
        npz(context, images=images, labels=LABELS)
    assert not (tmp_path / "harm").exists()


def lying(shape: str, size: int = 64) -> bytes:
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + bytes(size)


@pytest.mark.parametrize("shape", ["(6, 40000, 40000)", f"({10**18}, 9, 9)", "(-6, 8, 8)", "(6, 'a')", "(6, (1,), 2)"])
def test_a_header_that_lies_allocates_nothing(context: DataContext, shape: str) -> None:
    with zipfile.ZipFile(context.root / "set.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("images.npy", lying(shape))
        content = io.BytesIO()
        np.save(content, LABELS)
        packed.writestr("labels.npy", content.getvalue())
    with pytest.raises(DataError, match=r"needs .* bytes|GB, more than|has the shape|cannot read"):
        built(context, "set.npz")
    (context.root / "images.npy").write_bytes(lying(shape))
    np.save(context.root / "labels.npy", LABELS)
    with pytest.raises(DataError, match=r"needs .* bytes|GB, more than|has the shape|cannot read"):
        built(context, "images.npy")


HEADERS = {
    "long": b"\x93NUMPY\x02\x00" + (4_000_000_000).to_bytes(4, "little") + bytes(99),
    "later": b"\x93NUMPY\x09\x00" + bytes(99),
    "empty type": lying("(1000000000000, 9, 9)").replace(b"|u1", b"|S0"),
    "axes": lying(f"({'1, ' * 30})"),
    "open bracket": lying("(6, 8, 8").replace(b"}", b" "),
    "none": b"",
    "text": b"path,label\n",
}


@pytest.mark.parametrize("content", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_none_is_refused(context: DataContext, content: bytes) -> None:
    (context.root / "images.npy").write_bytes(content)
    np.save(context.root / "labels.npy", LABELS)
    with pytest.raises(DataError, match=r"cannot read .*images.npy|has the shape .*save it again"):
        built(context, "images.npy")


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (np.array([0, 1, 1, 0, 0.5, 2]), "holds fractions or NaN"),
        (np.array([0, 1, 1, 0, np.nan, 2]), "holds fractions or NaN"),
        (np.array(["a", "b", "", "a", "a", "b"]), "image 2 has no label"),
        (np.array(["a", "b", "\ud800", "a", "a", "b"]), "not Unicode"),
        (np.zeros((6, 2, 2), np.uint8), r"shape \[6, 2, 2\]"),
        (np.zeros(6, "M8[s]"), "no classes"),
    ],
)
def test_labels_that_are_no_classes_are_refused(context: DataContext, labels: np.ndarray, why: str) -> None:
    with pytest.raises(DataError, match=why):
        npz(context, images=GREY, labels=labels)


def test_a_cut_or_changed_file_is_refused(context: DataContext) -> None:
    npz(context, images=GREY, labels=LABELS)
    whole = (context.root / "set.npz").read_bytes()
    (context.root / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut.npz is damaged or no NPZ file"):
        built(context, "cut.npz")
    (context.root / "changed.npz").write_bytes(whole[:200] + bytes(9) + whole[209:])
    with pytest.raises(DataError, match=r"changed.npz is damaged"):
        built(context, "changed.npz")
    np.save(context.root / "images.npy", GREY)
    (context.root / "images.npy").write_bytes((context.root / "images.npy").read_bytes()[:-1])
    np.save(context.root / "labels.npy", LABELS)
    with pytest.raises(DataError, match=r"images.npy is cut or damaged: \[6, 9, 7\] uint8 needs 378 bytes, and 377"):
        built(context, "images.npy")


def test_it_is_unpacked_once_and_anew_when_it_changes(context: DataContext) -> None:
    first = npz(context, images=GREY, labels=LABELS)
    first.paths[0].touch()
    before = first.paths[0].stat().st_mtime_ns
    assert built(context, "set.npz") == first
    assert first.paths[0].stat().st_mtime_ns == before
    assert npz(context, images=255 - GREY, labels=LABELS).paths[0] != first.paths[0]
