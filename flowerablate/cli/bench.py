"""``flowerablate bench``: the speed of the native core on this machine, compared with OpenCV and torchvision.

The short form of ``benchmarks/`` in the repository, which has more operations, more libraries and the rules.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import FlowerablateError
from .echo import echo
from .listing import Format, FormatOption, show

if TYPE_CHECKING:
    from rich.console import RenderableType

BATCH, SIZE = 64, 224
SOURCE = (240, 320)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CROP = {"size": SIZE, "scale_low": 0.25, "scale_high": 1.0, "ratio_low": 0.75, "ratio_high": 4 / 3, "antialias": False}
OPS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "dilate rectangle 15": [("morphology", {"op": "dilate", "size": 15, "shape": "rectangle"})],
    "open ellipse 9": [("morphology", {"op": "open", "size": 9, "shape": "ellipse"})],
    "rotate": [("rotate", {"degrees": 15.0, "border": "reflect", "probability": 1.0})],
    "random resized crop": [("random_resized_crop", CROP)],
    "normalise": [("normalize", {"mean": MEAN, "std": STD})],
    "whole chain": [
        ("random_resized_crop", CROP),
        ("horizontal_flip", {"probability": 0.5}),
        ("morphology", {"op": "open", "size": 3, "shape": "rectangle"}),
        ("rotate", {"degrees": 15.0, "border": "reflect", "probability": 1.0}),
        ("brightness_contrast", {"brightness": 0.2, "contrast": 0.2, "probability": 1.0}),
        ("normalize", {"mean": MEAN, "std": STD}),
    ],
}

Work = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Microseconds per image, medians; *ratio*: median of the ratios pair by pair, above 1 where we are faster."""

    what: str
    ours: float
    against: str = ""
    theirs: float | None = None
    ratio: float | None = None
    lowest: float | None = None
    highest: float | None = None


def bench(
    threads: Annotated[int, typer.Option(min=0, max=1024, help="Threads of each library; 0: all cores.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.01, help="About how long to measure each comparison.")] = 0.4,
    form: FormatOption = Format.table,
) -> None:
    """Time the native core on this machine, compared with OpenCV and torchvision if installed.

    Batches of 64 synthetic images of 224x224 pixels (320x240 for crops), with
    reused buffers. Both sides are timed in turns; a ratio above 1 means that the
    other library takes that many times as long. Other load on the machine
    disturbs the timings: check the range.

    \b
    Examples:
      flowerablate bench
      flowerablate bench --threads 1
      flowerablate bench --seconds 2 --format json
    """
    from ..train.threads import wait_politely

    wait_politely()  # torch's threads would spin on while the other side is timed
    try:
        from .. import _native

        simd = _native.simd_path()
    except (ImportError, ValueError) as error:
        raise FlowerablateError(
            f"the native core cannot be used: {error}; run 'flowerablate doctor' for the cure"
        ) from None
    threads = threads or _native.threads()
    rows: list[Timing] = []
    with ThreadPoolExecutor(threads) as pool:
        for name in OPS:
            rows += _compare(name, threads, seconds, pool)
        if threads > 1:
            one, all_of_them = _ours("whole chain", 1), _ours("whole chain", threads)
            rows.append(_row(f"whole chain, {threads} threads", all_of_them, "itself on one", one, seconds))
    if form is Format.json:
        record = {"simd": simd, "threads": threads, "unit": "microseconds per image"}
        echo(json.dumps({**record, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        show(_parts(rows, f"{simd}, {threads} thread{'s' * (threads > 1)}"))


# --------------------------------------------------------------------------------------------- measuring


def _compare(name: str, threads: int, seconds: float, pool: ThreadPoolExecutor) -> Iterator[Timing]:
    ours, alone = _ours(name, threads), True
    for against, prepare in (("OpenCV", _opencv), ("torchvision", _torchvision)):
        try:
            theirs = prepare(name, threads, pool)
        except ImportError:
            continue
        if theirs is not None:
            alone = False
            yield _row(name, ours, against, theirs, seconds)
    if alone:
        ours()
        yield Timing(name, statistics.median(_time(ours, 3) for _ in range(5)) * 1e6 / BATCH)


def _row(name: str, ours: Work, against: str, theirs: Work, seconds: float) -> Timing:
    """Time the two in turns, after each has run once to warm up."""
    counts = []
    for work in (ours, theirs):
        work()
        counts.append(max(1, round(seconds / 20 / max(_time(work, 1), 1e-6))))
    pairs: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while not pairs or time.perf_counter() < end:
        pairs.append((_time(ours, counts[0]), _time(theirs, counts[1])))
    ratios = sorted(their / our for our, their in pairs)
    our, their = (statistics.median(side) * 1e6 / BATCH for side in zip(*pairs, strict=True))
    return Timing(name, our, against, their, statistics.median(ratios), ratios[0], ratios[-1])


def _time(work: Work, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


# --------------------------------------------------------------------------------------------- the sides


def _images(name: str) -> Any:
    """Return uint8 [64, H, W, 3]: blocks of colour with grain, the same in every run."""
    import numpy as np

    rng = np.random.default_rng(0)
    height, width = SOURCE if OPS[name][0][0] == "random_resized_crop" else (SIZE, SIZE)
    blocks = rng.integers(20, 236, (BATCH, height // 16 + 1, width // 16 + 1, 3), np.uint8)
    smooth = blocks.repeat(16, axis=1).repeat(16, axis=2)[:, :height, :width]
    return np.ascontiguousarray(smooth + rng.integers(0, 20, smooth.shape, np.uint8))


def _ours(name: str, threads: int) -> Work:
    import numpy as np

    from .. import _native

    batch = _images(name)
    _, height, width, channels = batch.shape
    ops = OPS[name]
    chain = _native.Chain([(op, params, number) for number, (op, params) in enumerate(ops)], channels)
    floats = ops[-1][0] == "normalize"
    out: Any = np.zeros((BATCH, SIZE, SIZE, 3), np.uint8)
    if floats:
        out = np.zeros((BATCH, 3, SIZE, SIZE), np.float32)
    offsets = np.arange(BATCH, dtype=np.int64) * (height * width * channels)
    heights, widths = np.full(BATCH, height, np.int32), np.full(BATCH, width, np.int32)
    indices, ids, pixels = np.arange(BATCH, dtype=np.int64), np.arange(BATCH, dtype=np.uint64), batch.reshape(-1)
    epoch = 0

    def work() -> None:
        nonlocal epoch
        epoch += 1
        chain.run(pixels, offsets, heights, widths, indices, ids, out, seed=0, epoch=epoch, threads=threads)

    return work


def _opencv(name: str, threads: int, pool: ThreadPoolExecutor) -> Work | None:
    """Return OpenCV by hand: buffers reused, its own threads off, ours over the images."""
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    batch = _images(name)
    small = np.zeros((BATCH, SIZE, SIZE, 3), np.uint8)
    floats = np.zeros((BATCH, 3, SIZE, SIZE), np.float32)
    square, ellipse = np.ones((15, 15), np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))

    def crop(x: Any, y: Any) -> Any:
        (height, width), fraction = SOURCE, random.uniform(0.25, 1.0) ** 0.5
        h, w = int(height * fraction), int(width * fraction)
        top, left = random.randint(0, height - h), random.randint(0, width - w)
        return cv2.resize(x[top : top + h, left : left + w], (SIZE, SIZE), dst=y)

    def rotate(x: Any, y: Any) -> Any:
        matrix = cv2.getRotationMatrix2D(((SIZE - 1) / 2, (SIZE - 1) / 2), random.uniform(-15, 15), 1.0)
        return cv2.warpAffine(x, matrix, (SIZE, SIZE), dst=y, borderMode=cv2.BORDER_REFLECT)

    def normalise(x: Any, y: Any) -> None:
        for plane, into, mean, std in zip(cv2.split(x), y, MEAN, STD, strict=True):
            cv2.addWeighted(plane, 1 / (255 * std), plane, 0.0, -mean / std, dst=into, dtype=cv2.CV_32F)

    def chain(x: Any, i: int) -> None:
        y = crop(x, small[i])
        y = cv2.flip(y, 1) if random.random() < 0.5 else y
        y = rotate(cv2.morphologyEx(y, cv2.MORPH_OPEN, square[:3, :3]), None)
        cv2.addWeighted(y, random.uniform(0.8, 1.2), y, 0.0, 255 * random.uniform(-0.2, 0.2), dst=y)
        normalise(y, floats[i])

    steps: dict[str, Callable[[int], object]] = {
        "dilate rectangle 15": lambda i: cv2.dilate(batch[i], square, dst=small[i]),
        "open ellipse 9": lambda i: cv2.morphologyEx(batch[i], cv2.MORPH_OPEN, ellipse, dst=small[i]),
        "rotate": lambda i: rotate(batch[i], small[i]),
        "random resized crop": lambda i: crop(batch[i], small[i]),
        "normalise": lambda i: normalise(batch[i], floats[i]),
        "whole chain": lambda i: chain(batch[i], i),
    }
    step = steps[name]

    def part(number: int) -> None:
        for i in range(number * BATCH // threads, (number + 1) * BATCH // threads):
            step(i)

    return (lambda: part(0)) if threads == 1 else lambda: list(pool.map(part, range(threads)))


def _torchvision(name: str, threads: int, pool: ThreadPoolExecutor) -> Work | None:
    """Return torchvision v2 on tensors: the batch at once where that is the same work, else image by image."""
    if name not in ("rotate", "random resized crop", "normalise"):
        return None  # it has no morphology
    import torch
    from torchvision.transforms import InterpolationMode, v2

    torch.set_num_threads(threads)
    batch = torch.from_numpy(_images(name)).permute(0, 3, 1, 2).contiguous()
    if name == "normalise":
        both = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD, inplace=True)])
        return lambda: both(batch)
    if name == "rotate":
        single: Any = v2.RandomRotation(15, InterpolationMode.BILINEAR)
    else:
        single = v2.RandomResizedCrop(SIZE, (0.25, 1.0), antialias=False)
    return lambda: [single(image) for image in batch]


def _parts(rows: list[Timing], settings: str) -> Iterator[RenderableType]:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("operation", "µs", "against", "its µs", "ratio", "range"):
        table.add_column(title, justify="left" if title in ("operation", "against") else "right", no_wrap=True)
    for row in rows:
        cells = ["nothing installed"]
        if row.theirs is not None:
            cells = [row.against, f"{row.theirs:.0f}", f"{row.ratio:.1f}x", f"{row.lowest:.1f}-{row.highest:.1f}"]
        table.add_row(row.what, f"{row.ours:.0f}", *cells)
    yield table
    yield f"\n{settings}; microseconds per image, batches of {BATCH}"
