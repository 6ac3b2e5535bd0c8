"""The rung ``data``: the findings of ``flowerablate data check`` for the split of the replicate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..contracts.products import SPLITS, Samples
from ..data.check import DataReport, Finding, check_data
from ..data.splits import method_of
from .bench import Bench
from .rung import Rung, judged


def check(bench: Bench) -> Rung:
    """Look for unreadable files, copies, leaks between the parts and shortcuts; faults fail, warnings are listed."""
    report: DataReport = check_data(_as_split(bench), bench.progress, drawn=_is_drawn(bench))
    split = bench.split
    counts = np.bincount(bench.data.labels[split.train], minlength=len(bench.classes))
    faults = {f"{found.name}: {found.text}{_example(found)}": found.advice for found in report.of("fault")}
    warnings = tuple(f"warning, {found.name}: {found.text}" for found in report.of("warning"))
    fine = len(report.of("fine"))
    left_out = bench.data.samples.skipped
    if left_out:
        warnings = (f"warning, unreadable files: {len(left_out)} left out, such as {left_out[0]}", *warnings)
    seen = (
        *warnings,
        f"{len(split.train)} images to train, {len(split.validation)} to validate, {len(split.test)} to test",
        "of the training images: "
        + ", ".join(f"{number} {name}" for name, number in zip(bench.classes, counts, strict=True)),
        f"{fine} of {len(report.findings)} checks found nothing; 'flowerablate data check' has the details",
    )
    values = {"images": report.images, "faults": len(faults), "warnings": len(warnings), "fine": fine}
    return judged("data", seen, faults, values | {"majority": float(counts.max() / counts.sum())})


def _example(found: Finding) -> str:
    """Return the names of the first two files of a finding about groups of files."""
    group = found.files[0] if found.files else ()
    return f", such as {' = '.join(group[:2])}" if len(group) > 1 else ""


def _is_drawn(bench: Bench) -> bool:
    """Whether the split is drawn anew for each replicate, and not the official one of the data set."""
    return method_of(bench.data.samples, bench.pipeline.split) != "official"


def _as_split(bench: Bench) -> Samples:
    """Return the samples with the replicate's split in place of an official one."""
    parts = np.zeros(len(bench.data.labels), np.int64)
    for number, part in enumerate((bench.split.train, bench.split.validation, bench.split.test)):
        parts[part] = number
    return replace(bench.data.samples, splits=tuple(SPLITS[number] for number in parts), skipped=())
