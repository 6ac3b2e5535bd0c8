"""Where and how torch computes: the device, its threads, reproducible results, and an allocator that keeps memory."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path

import torch
from torch import nn

from ..errors import TrainingError


def pick_device(name: str = "auto") -> torch.device:
    """Return the device *name*: ``cpu``, ``cuda``, ``cuda:1`` or ``auto`` (CUDA if available).

    An unknown name or a missing device raises :class:`TrainingError`.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"unknown device {name!r}; choose from: auto, cpu, cuda, cuda:0, ...") from error
    if device.type not in ("cpu", "cuda"):
        raise TrainingError(f"device {name!r} is not supported; choose from: auto, cpu, cuda, cuda:0, ...")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise TrainingError(f"device {name!r} not found: torch sees {torch.cuda.device_count()} CUDA devices")
    return device


def cuda_devices() -> int:
    """Return the number of CUDA devices that can be used."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def to_device(model: nn.Module, device: torch.device, *, channels_last: bool) -> nn.Module:
    """Move *model* to *device* in place, with channels-last weights on request, before an optimizer is built."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return model.to(device=device, memory_format=layout)  # type: ignore[call-overload, no-any-return]


def prepare_process(*, threads: int = 0) -> None:
    """Prepare this process for trials: reproducible results, *threads* for torch (0: torch's default), kept memory.

    Call it once, before the first computation on a GPU. CUDA operations without a deterministic version warn.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is only deterministic with a fixed workspace
    # As torch.use_deterministic_algorithms(True, warn_only=True), which would load the compiler, in three seconds.
    torch.set_deterministic_debug_mode("warn")
    # Deterministic mode would fill every new tensor with NaN, to reveal reads of uninitialised memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    if threads:
        torch.set_num_threads(threads)
    keep_memory()


def keep_memory() -> bool:
    """Make the C library keep freed memory for the next training step; return whether that was possible.

    By default glibc returns every large block to the system and requests it again in the next step, and the first
    touch of each page costs more than the work on it. Only glibc has these settings; elsewhere this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    kept = any(mallopt(mmap_threshold, size) for size in (2**30, 2**25))  # older versions accept at most 32 MiB
    return kept and bool(mallopt(trim_threshold, 2**31 - 1))


def environment(device: torch.device) -> dict[str, str]:
    """Return what results and times depend on besides the study: software, device, threads, processor."""
    facts = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": str(device),
        "threads": str(torch.get_num_threads()),
        "cpu": f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}",
    }
    if device.type == "cuda":
        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["cuda"] = str(torch.version.cuda)
    return facts


def _processor() -> str:
    """Return the processor's name, which Linux states only in /proc."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
