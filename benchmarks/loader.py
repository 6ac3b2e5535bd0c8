"""A hand-written training loop, fed by our loader and fed by torchvision: images per second while it trains.

    python benchmarks/loader.py PATH                          # writes results/loader.json

PATH has one subfolder per class. All sides train torchvision's ResNet-18 at 64 pixels, batch 64, SGD, on the same
images with a random resized crop, a flip and a normalisation. Each is a process of its own; they train in turn, one
epoch at a time, and sleep meanwhile.

- *ours*: a packed store (each image decoded once, shorter side 72), ``Batches``, and a process prepared as
  docs/how-to/loader.md says: channels-last, threads that sleep when they wait, memory that is kept.
- *peer*: the JPEG files, torchvision's v2 transforms on tensors or PIL images (whichever is faster here), a DataLoader
  with two persistent workers; the process is prepared like ours.
- *as written*: the peer in a process as Python starts it, without channels-last: the loop of a tutorial.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import machine, versions

if TYPE_CHECKING:
    from torch import Tensor

    from flowerablate import Samples

    Epoch = Callable[[int], Iterator[tuple[Tensor, Tensor]]]

SIZE, SHORTER, BATCH, WORKERS = 64, 72, 64, 2
SCALE, RATIO = (0.35, 1.0), (3 / 4, 4 / 3)
SETTINGS = {"lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4}
SIDES = {"ours": "packed", "tensor": "peer", "pil": "peer", "as-written-tensor": "peer", "as-written-pil": "peer"}


@dataclass(frozen=True)
class Pace:
    """One epoch: images per second of the clock, and milliseconds of processor time per image, workers included."""

    images_per_second: float
    cpu_ms_per_image: float


def main() -> None:
    options = _options()
    if options.side:
        _serve(options)
        return
    environment = machine()  # before the benchmark itself is a load
    with tempfile.TemporaryDirectory() as cache, ExitStack() as ended:

        def start(side: str) -> Side:
            return ended.enter_context(Side(side, options, Path(cache)))

        sides = {side: start(side) for side in ("ours", "tensor", "pil")}
        data_only = _alternate(sides, 3, "fetch")
        kind = max(("tensor", "pil"), key=lambda side: _summary(data_only[side])["images_per_second"])
        paces = _alternate({"ours": sides["ours"], "peer": sides[kind]}, options.pairs, "train")
        plain = {"ours": sides["ours"], "as written": start(f"as-written-{kind}")}
        plain_paces = _alternate(plain, options.as_written, "train")
        document = {
            "benchmark": "loader",
            "settings": {
                "model": "torchvision resnet18, random weights",
                "optimizer": f"SGD {SETTINGS}",
                "image_size": SIZE,
                "batch_size": BATCH,
                "chain": f"random_resized_crop {SIZE}, scale {SCALE}; horizontal_flip 0.5; normalize",
                "packed": f"shorter side {SHORTER}; {sides['ours'].facts['packing']} s, once, outside the clock",
                "peer": f"torchvision v2, {kind}, JPEG files, DataLoader with {WORKERS} persistent workers",
                "torch_threads": options.torch_threads,
                "native_threads": options.native_threads or "all",
            },
            "data": {"images": sides["ours"].facts["images"], "steps_per_epoch": sides["ours"].facts["steps"]},
            "machine": environment,
            "versions": versions(("torch", "torchvision", "pillow", "numpy", "flowerablate")),
            "data_only": {name: _summary(found) for name, found in data_only.items()},
            "training": {name: _summary(found) for name, found in paces.items()},
            "training_as_written": {name: _summary(found) for name, found in plain_paces.items()},
            "ratio_data_only": _ratios(data_only["ours"], data_only[kind]),
            "ratio_training": {
                "peer": _ratios(paces["ours"], paces["peer"]),
                "as written": _ratios(plain_paces["ours"], plain_paces["as written"]),
            },
        }
    options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for what, measured in (("data only", data_only), ("training", paces), ("training", plain_paces)):
        for name, found in measured.items():
            summary = _summary(found)
            print(f"{what:<10}{name:<11}{summary['images_per_second']:>9.0f} images/s", end="")
            print(f"{summary['cpu_ms_per_image']:>9.3f} ms of processor time per image")
    for name, ratios in document["ratio_training"].items():
        print(f"training, ours against {name}: {ratios}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train with our loader and with torchvision's, epoch by epoch in turn."
    )
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--pairs", type=int, default=5, help="epochs of each side, after one to warm up")
    parser.add_argument("--as-written", type=int, default=2, metavar="N", help="pairs against the loop as written")
    parser.add_argument("--images", type=int, default=10**9, metavar="N", help="take about N of the images")
    parser.add_argument("--torch-threads", type=int, default=2)
    parser.add_argument("--native-threads", type=int, default=0, help="of our loader; 0: all cores")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "loader.json")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


# -------------------------------------------------------------------------------------------- taking turns


class Side:
    """A process that trains or fetches an epoch on request."""

    def __init__(self, side: str, options: argparse.Namespace, cache: Path) -> None:
        command = [
            sys.executable,
            *(["-P"] if getattr(sys.flags, "safe_path", False) else []),
            __file__,
            str(options.path),
        ]
        command += ["--side", side, "--cache", str(cache), "--torch-threads", str(options.torch_threads)]
        command += ["--native-threads", str(options.native_threads), "--images", str(options.images)]
        folder = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": folder}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.facts: dict[str, Any] = self._answer()

    def epoch(self, what: str) -> Pace:
        """Have it ``train`` or ``fetch`` one epoch."""
        assert self._process.stdin is not None
        print(what, file=self._process.stdin, flush=True)
        return Pace(**self._answer())

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a side of the benchmark ended; what went wrong is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _alternate(sides: dict[str, Side], epochs: int, what: str) -> dict[str, list[Pace]]:
    """Return the paces of each side's epochs; the first one of each warms up and is thrown away."""
    paces: dict[str, list[Pace]] = {name: [] for name in sides}
    for number in range(epochs + 1):
        for name, side in sides.items():
            pace = side.epoch(what)
            print(f"{what} {number} {name}: {pace}", file=sys.stderr, flush=True)
            if number:
                paces[name].append(pace)
    return paces


def _summary(paces: list[Pace]) -> dict[str, Any]:
    speeds, costs = [pace.images_per_second for pace in paces], [pace.cpu_ms_per_image for pace in paces]
    return {
        "images_per_second": round(statistics.median(speeds), 1),
        "each": [round(speed, 1) for speed in speeds],
        "cpu_ms_per_image": round(statistics.median(costs), 3),
        "each_cpu_ms": [round(cost, 3) for cost in costs],
    }


def _ratios(ours: list[Pace], peer: list[Pace]) -> dict[str, dict[str, float]]:
    pairs = list(zip(ours, peer, strict=True))
    speed = [mine.images_per_second / theirs.images_per_second for mine, theirs in pairs]
    cpu_time = [theirs.cpu_ms_per_image / mine.cpu_ms_per_image for mine, theirs in pairs]
    return {
        name: {"median": round(statistics.median(r), 3), "smallest": round(min(r), 3), "largest": round(max(r), 3)}
        for name, r in (("images_per_second", speed), ("cpu_time", cpu_time))
    }


# ------------------------------------------------------------------------------------------------ one side


def _serve(options: argparse.Namespace) -> None:
    """Be one side: do an epoch for each line that comes in. The clock starts when the epoch is asked for."""
    from flowerablate.train.threads import wait_politely

    prepared = not options.side.startswith("as-written")
    if prepared:
        wait_politely()  # before torch is imported
    import torch
    from flowerablate_datasets.folders.folder import scan

    from flowerablate.train.device import keep_memory

    if prepared:
        keep_memory()
    torch.set_num_threads(options.torch_threads)
    samples = _some(scan(options.path), options.images)
    started = time.perf_counter()
    kind = options.side.removeprefix("as-written-")
    epoch = _ours(samples, options) if kind == "ours" else _peer(samples, kind)
    packing = round(time.perf_counter() - started, 1)
    training = _Training(len(samples.classes), torch.channels_last if prepared else torch.contiguous_format)
    print(json.dumps({"images": len(samples), "steps": len(samples) // BATCH, "packing": packing}), flush=True)
    for number, what in enumerate(sys.stdin):
        started, used = time.perf_counter(), _cpu_seconds()
        batches = epoch(number)
        images = training.run(batches) if what.strip() == "train" else sum(len(labels) for _, labels in batches)
        seconds, cpu = time.perf_counter() - started, _cpu_seconds() - used
        print(json.dumps(asdict(Pace(images / seconds, 1000 * cpu / images))), flush=True)


def _some(samples: Samples, count: int) -> Samples:
    """Take every k-th image, so that about *count* of all classes are left."""
    step = max(1, len(samples) // count)
    return replace(
        samples, keys=samples.keys[::step], paths=samples.paths[::step], labels=samples.labels[::step], splits=None
    )


def _cpu_seconds() -> float:
    """Return the processor time that this process and its living workers have used up to now (Linux)."""
    used = time.process_time()
    for worker in multiprocessing.active_children():
        fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def _ours(samples: Samples, options: argparse.Namespace) -> Epoch:
    import numpy as np
    from flowerablate_intensity import IMAGENET_MEAN, IMAGENET_STD

    from flowerablate import NativeOp
    from flowerablate.data.store import open_store, sample_ids
    from flowerablate.loader import Batches, PackedDataset
    from flowerablate.preprocess import NamedOp, Preprocess

    def op(name: str, **params: Any) -> NamedOp:
        return NamedOp(name, NativeOp(name, params))

    prefix = Preprocess([op("resize", size=SHORTER, fit="shorter", antialias=True)], 3)
    images = open_store(options.cache, samples, "packed", 3, prefix.run_one, lambda what, done, total: None)
    scale, ratio = {"scale_low": SCALE[0], "scale_high": SCALE[1]}, {"ratio_low": RATIO[0], "ratio_high": RATIO[1]}
    chain = [
        op("random_resized_crop", size=SIZE, **scale, **ratio, antialias=True),
        op("horizontal_flip", probability=0.5),
        op("normalize", mean=IMAGENET_MEAN, std=IMAGENET_STD),
    ]
    dataset = PackedDataset(
        Preprocess(chain, 3),
        images,
        sample_ids(samples),
        np.array(samples.labels, np.int64),
        channels_last=True,
        threads=options.native_threads,
    )
    return Batches(dataset, batch_size=BATCH, shuffle=True).epoch


def _peer(samples: Samples, kind: str) -> Epoch:
    import torch
    from flowerablate_intensity import IMAGENET_MEAN, IMAGENET_STD
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.RandomResizedCrop(SIZE, scale=SCALE, ratio=RATIO, antialias=True),
            v2.RandomHorizontalFlip(),
            *([v2.PILToTensor()] if kind == "pil" else []),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )

    class Files(Dataset[tuple[Tensor, int]] if TYPE_CHECKING else Dataset):
        def __len__(self) -> int:
            return len(samples)

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            path, label = samples.paths[index], samples.labels[index]
            if kind == "tensor":
                return transform(decode_image(str(path), ImageReadMode.RGB)), label
            with Image.open(path) as image:
                return transform(image.convert("RGB")), label

    loader = DataLoader(
        Files(),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
        persistent_workers=True,
        multiprocessing_context="fork",
    )
    return lambda number: iter(loader)


class _Training:
    """A network in training, as one writes it by hand."""

    def __init__(self, classes: int, layout: Any) -> None:
        import torch
        from torchvision.models import resnet18

        torch.manual_seed(0)
        self.layout = layout
        self.model = resnet18(weights=None, num_classes=classes).to(memory_format=layout)
        self.optimizer = torch.optim.SGD(self.model.parameters(), **SETTINGS)
        self.loss = torch.nn.CrossEntropyLoss()

    def run(self, batches: Iterator[tuple[Tensor, Tensor]]) -> int:
        """Train on *batches* and return how many images they had."""
        images_seen = 0
        self.model.train()
        for images, labels in batches:
            loss = self.loss(self.model(images.contiguous(memory_format=self.layout)), labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            images_seen += len(labels)
        return images_seen


if __name__ == "__main__":
    main()
