"""Small containers of images, written by numpy, pyarrow and tarfile as those whom they come from write them."""

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES = 12


def _pixels(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 120, (24, 24, 3), dtype=np.uint8) + np.uint8(100 * (number % 2))


def _png(number: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(_pixels(number)).save(content, "PNG")
    return content.getvalue()


def write_npz(path: Path) -> None:
    """Write an NPZ as MedMNIST has it: parts of a split, labels [N, 1]."""
    arrays = {}
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = np.stack([_pixels(number) for number in range(IMAGES)])
        arrays[f"{part}_labels"] = np.arange(IMAGES, dtype=np.uint8)[:, None] % 2
    np.savez(path, **arrays)


def write_idx(folder: Path) -> None:
    """Write the four files of MNIST."""
    folder.mkdir()
    for part in ("train", "t10k"):
        images = np.stack([_pixels(number)[..., 0] for number in range(IMAGES)])
        labels = np.arange(IMAGES, dtype=np.uint8) % 2
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">i4").tobytes()
            (folder / name).write_bytes(head + array.tobytes())


def write_parquet(path: Path) -> None:
    """Write a Parquet file as ``datasets`` does: a column of bytes and paths, one of labels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    images = [{"bytes": _png(number), "path": f"{number}.png"} for number in range(IMAGES)]
    pq.write_table(pa.table({"image": images, "label": [number % 2 for number in range(IMAGES)]}), path)


def write_shards(folder: Path) -> None:
    """Write two tar files as webdataset does."""
    folder.mkdir()
    for shard in range(2):
        with tarfile.open(folder / f"train-{shard:06}.tar", "w") as tar:
            for number in range(shard, IMAGES, 2):
                for suffix, content in (("png", _png(number)), ("cls", str(number // 2 % 2).encode())):
                    member = tarfile.TarInfo(f"{number:04}.{suffix}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
