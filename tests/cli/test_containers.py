"""Images in containers on the command line: each file is checked and trained on by its path alone."""

import gzip
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)
LABELS = np.tile([0, 1], 12).astype(np.uint8)
PIXELS = (60 + 90 * LABELS[:, None, None, None] + RNG.integers(0, 60, (24, 20, 20, 3))).astype(np.uint8)
PARTS = {"train": slice(0, 16), "val": slice(16, 20), "test": slice(20, 24)}


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def medmnist(here):
    arrays = {}
    for part, rows in PARTS.items():
        arrays |= {f"{part}_images": PIXELS[rows], f"{part}_labels": LABELS[rows, None]}
    np.savez_compressed(here / "set.npz", **arrays)
    return here / "set.npz"


def mnist(here):
    for name, array in (("images-idx3", PIXELS[..., 0]), ("labels-idx1", LABELS)):
        head = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
        (here / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return here / "train-labels-idx1-ubyte.gz"


def parquet(here):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    images = [{"bytes": png(image), "path": None} for image in PIXELS]
    table = pa.table({"image": pa.array(images), "label": pa.array(LABELS)})
    parquet.write_table(table, here / "set.parquet")
    return here / "set.parquet"


def shards(here):
    with tarfile.open(here / "set-000000.tar", "w") as archive:
        for number, (image, label) in enumerate(zip(PIXELS, LABELS, strict=True)):
            for name, content in (("png", png(image)), ("cls", str(label).encode())):
                member = tarfile.TarInfo(f"{number:04}.{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return here / "set-000000.tar"


@pytest.fixture(autouse=True)
def cache(folder, monkeypatch):
    monkeypatch.setenv("FLOWERABLATE_CACHE", str(folder / "cache"))


@pytest.mark.parametrize("write", [medmnist, mnist, parquet, shards])
def test_data_check_knows_a_container_by_its_path(command, folder, write):
    done = command("data", "check", write(folder))
    told = " ".join((done.stdout + done.stderr).split())
    assert "2 classes, 24 images" in told
    assert "every file can be read" in told


def test_the_list_has_a_line_for_each_container(command):
    listed = command("list", "dataset").stdout
    assert all(f"{name} " in listed for name in ("arrays", "arrow", "idx", "webdataset"))


@pytest.mark.slow
def test_a_study_of_arrays_is_trained_on_their_official_split(command, folder):
    done = command("run", "tiny.toml", "--data", medmnist(folder), "--disable=flip")
    assert done.returncode == 0, done.stderr
    assert "official split train/val/test" in " ".join((done.stdout + done.stderr).split())
    results = [json.loads(path.read_text()) for path in (folder / "runs" / "tiny" / "trials").glob("*/result.json")]
    assert len(results) >= 2
    again = command("run", "tiny.toml", "--data", folder / "set.npz", "--disable=flip")
    assert again.returncode == 0, again.stderr
