"""The public photographs: from archives, folders and the web, whole or some classes; Flowers102."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import tarfile
import threading
import zipfile
from functools import partial
from pathlib import Path

import flowerablate_datasets
import numpy as np
import pytest
from flowerablate_datasets.addresses import FLOWER_PHOTOS
from PIL import Image
from scipy.io import savemat

from flowerablate import DataContext, DataError
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_dataset

SPECS = {spec.name: spec for spec in collect_specs(flowerablate_datasets, "datasets")}


def flowers(context: DataContext, **params):
    given = {param.name: param.default for param in SPECS["flowers"].params} | params
    return SPECS["flowers"].build(context, **given)


def images(root: Path, *classes: str) -> Path:
    for name in classes:
        for number in range(3):
            file = root / name / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number, 0, 0)).save(file)
    (root / "LICENSE.txt").write_text("words")
    return root


def tgz(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, folder.name)
    return archive


@pytest.fixture
def archive(context: DataContext, tmp_path: Path) -> Path:
    folder = images(tmp_path / "flower_photos", "daisy", "roses", "tulips")
    return tgz(folder, context.root / "flower_photos.tgz")


def test_an_archive_is_unpacked_once_and_its_keys_begin_with_the_class(context: DataContext, archive: Path) -> None:
    samples = flowers(context, path="flower_photos.tgz")
    assert samples.classes == ("daisy", "roses", "tulips")
    assert samples.keys[0] == "daisy/0.jpg"
    assert all(path.is_file() and context.cache in path.parents for path in samples.paths)
    stamp = samples.paths[0].stat().st_mtime_ns
    assert flowers(context, path="flower_photos.tgz") == samples
    assert samples.paths[0].stat().st_mtime_ns == stamp


def test_a_zip_of_another_layout_and_a_folder_give_the_same_images(context: DataContext, archive: Path) -> None:
    first = flowers(context, path="flower_photos.tgz")
    root = first.paths[0].parents[1]
    with zipfile.ZipFile(context.root / "kaggle.zip", "w") as file:
        file.writestr("__MACOSX/flowers/._daisy.jpg", b"")
        for key, path in zip(first.keys, first.paths, strict=True):
            file.write(path, f"data/flowers/{key}")
    for path in ("kaggle.zip", str(root)):
        assert flowers(context, path=path).keys == first.keys


def test_classes_are_those_that_are_named_in_their_order(context: DataContext, archive: Path) -> None:
    samples = flowers(context, path="flower_photos.tgz", classes=("tulips", "daisy"))
    assert samples.classes == ("tulips", "daisy")
    assert {samples.classes[label] + "/" for label in samples.labels} == {"tulips/", "daisy/"}
    for key, label in zip(samples.keys, samples.labels, strict=True):
        assert key.startswith(samples.classes[label])
    with pytest.raises(DataError, match=r"no class 'rose'.*daisy, roses, tulips"):
        flowers(context, path="flower_photos.tgz", classes=("rose", "daisy"))
    with pytest.raises(DataError, match="named twice"):
        flowers(context, path="flower_photos.tgz", classes=("daisy", "daisy"))


def test_a_wrong_checksum_of_a_local_archive_is_refused(context: DataContext, archive: Path) -> None:
    right = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert len(flowers(context, path="flower_photos.tgz", sha256=right.upper())) == 9
    with pytest.raises(DataError, match=f"checksum {right}, not 12"):
        flowers(context, path="flower_photos.tgz", sha256="12")


def test_what_is_no_archive_of_classes_is_refused(context: DataContext, tmp_path: Path) -> None:
    tgz(images(tmp_path / "one", "daisy"), context.root / "one.tgz")
    (context.root / "words.txt").touch()
    for path, message in {
        "one.tgz": r"one\.tgz has only one class, 'daisy'",
        "absent.zip": "no folder or archive",
        "words.txt": "is no archive",
    }.items():
        with pytest.raises(DataError, match=message):
            flowers(context, path=path)


def test_an_archive_with_parts_keeps_them_and_x_rays_are_sent_to_their_own_data_set(
    context: DataContext, tmp_path: Path
) -> None:
    for part in ("train", "test"):
        images(tmp_path / "parts" / part, "a", "b")
        images(tmp_path / "xrays" / part, "NORMAL", "PNEUMONIA")
    for name in ("parts", "xrays"):
        tgz(tmp_path / name, context.root / f"{name}.tgz")
    assert set(flowers(context, path="parts.tgz").splits or ()) == {"train", "test"}
    with pytest.raises(DataError, match=r'dataset\.use = "chest-xray", dataset\.path = "xrays\.tgz"'):
        flowers(context, path="xrays.tgz")
    samples = SPECS["chest-xray"].build(context, path="xrays.tgz", validation="redrawn", patients="series")
    assert len(samples) == 12
    check_dataset(SPECS["chest-xray"], cache=context.cache, root=context.root, params={"path": "xrays.tgz"})


def test_the_archive_is_fetched_from_the_web_checked_and_removed(context: DataContext, archive: Path) -> None:
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(context.root))
    handler.func.log_message = lambda *args: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/flower_photos.tgz"
    try:
        with pytest.raises(DataError, match=r"set dataset.sha256"):
            flowers(context, url=url)
        with pytest.raises(DataError, match="SHA-256"):
            flowers(context, url=url, sha256="0" * 64)
        assert not [path for path in context.cache.iterdir() if not path.name.startswith(".")]
        right = hashlib.sha256(archive.read_bytes()).hexdigest()
        samples = flowers(context, url=url, sha256=right)
    finally:
        server.shutdown()
        server.server_close()
    assert len(samples) == 9
    assert [path.name for path in context.cache.iterdir() if not path.name.startswith(".")] == [f"files-{right[:20]}"]
    assert flowers(context, url=url, sha256=right) == samples  # the server is gone


def test_the_public_address_is_the_default() -> None:
    assert next(param.default for param in SPECS["flowers"].params if param.name == "url") == FLOWER_PHOTOS


def test_flowers_passes_the_suite_that_we_ship(context: DataContext, archive: Path) -> None:
    check_dataset(SPECS["flowers"], cache=context.cache, root=context.root, params={"path": "flower_photos.tgz"})


@pytest.fixture
def oxford(context: DataContext) -> Path:
    """Twelve images of three classes, laid out as Flowers102."""
    folder = context.root / "flowers-102"
    (folder / "jpg").mkdir(parents=True)
    for number in range(1, 13):
        Image.new("RGB", (8, 8)).save(folder / "jpg" / f"image_{number:05d}.jpg")
    savemat(folder / "imagelabels.mat", {"labels": np.tile([1, 2, 3], 4)[None]})
    savemat(folder / "setid.mat", {"trnid": [[1, 2, 3]], "valid": [[4, 5, 6]], "tstid": [list(range(7, 13))]})
    return folder


def test_flowers102_keeps_its_official_split(context: DataContext, oxford: Path) -> None:
    samples = SPECS["flowers102"].build(context, path="flowers-102")
    assert samples.classes == ("001", "002", "003")
    assert samples.splits == ("train",) * 3 + ("val",) * 3 + ("test",) * 6
    assert samples.labels == (0, 1, 2) * 4
    assert samples.keys[0] == "jpg/image_00001.jpg"
    check_dataset(SPECS["flowers102"], cache=context.cache, root=context.root, params={"path": "flowers-102"})


def test_flowers102_is_taken_from_the_cache_where_torchvision_put_it(context: DataContext, oxford: Path) -> None:
    shutil.move(oxford, context.cache / "flowers-102")
    assert len(SPECS["flowers102"].build(context, path="")) == 12


def test_flowers102_that_is_not_whole_is_refused(context: DataContext, oxford: Path) -> None:
    (oxford / "jpg" / "image_00004.jpg").unlink()
    with pytest.raises(DataError, match=r"lacks 1 images, such as jpg/image_00004.jpg"):
        SPECS["flowers102"].build(context, path="flowers-102")
    (oxford / "setid.mat").write_bytes(b"no matrix")
    with pytest.raises(DataError, match=r"cannot read 'trnid' in .*setid.mat"):
        SPECS["flowers102"].build(context, path="flowers-102")
    (oxford / "setid.mat").unlink()
    with pytest.raises(DataError, match="is not the folder of Flowers102"):
        SPECS["flowers102"].build(context, path="flowers-102")
