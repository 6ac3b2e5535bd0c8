"""``flowerablate doctor``: what is used on this machine, what is wrong with it, and what helps."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..stats.wording import count
from .echo import echo
from .listing import Format, FormatOption, LocalOption, show, study_folder

if TYPE_CHECKING:
    from rich.console import RenderableType

PATHS = ("baseline", "avx2", "avx512")
"""What ``FLOWERABLATE_SIMD`` may ask for."""
REINSTALL = "pip install --force-reinstall --no-deps flowerablate, on this machine and with this Python"
TOO_LITTLE = 2**30
"""Bytes: with less free space than this, a packed data set soon finds none."""


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at; *status*: ``ok``, ``note`` (could be better) or ``wrong``; *cure*: one line."""

    name: str
    found: str
    status: str = "ok"
    cure: str = ""


def doctor(
    local: LocalOption = Path(),
    full: Annotated[bool, typer.Option("--full", help="Also import torch, which takes seconds, and test it.")] = False,
    form: FormatOption = Format.table,
) -> None:
    """Show what is used on this machine, check that it works, and name a cure for what does not.

    The native core runs once for each instruction set, each time in a process of its own, and its results are
    compared with NumPy's bit for bit. The exit code is 1 if something is wrong.

    \b
    Examples:
      flowerablate doctor
      flowerablate doctor --full
      flowerablate doctor --format json
      FLOWERABLATE_SIMD=avx2 flowerablate doctor
    """
    findings = [
        Diagnosis("flowerablate", _version("flowerablate") or "not installed as a distribution"),
        Diagnosis("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        Diagnosis("processor", f"{_processor()}, {count(_cores(), 'core')} for this process"),
        *_torch(full),
        *_native(),
        _cache(),
        *_plugins(study_folder(local)),
    ]
    healthy = all(finding.status != "wrong" for finding in findings)
    if form is Format.json:
        echo(json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        show(_parts(findings))
    if not healthy:
        raise typer.Exit(1)


# --------------------------------------------------------------------------------------------- torch and CUDA


def _torch(full: bool) -> Iterator[Diagnosis]:
    """Look at torch and torchvision without importing them, or with *full* in a process that does."""
    for name in ("torch", "torchvision"):
        version = _version(name)
        cure = "" if version else f"pip install {name}"
        yield Diagnosis(name, version or "not installed", "ok" if version else "wrong", cure)
    if not _version("torch"):
        return
    built, devices = _torch_is_built_for(), _cuda_devices()
    if not devices:
        yield Diagnosis("CUDA", "no device; training runs on the CPU")
    elif built:
        yield Diagnosis("CUDA", f"{count(devices, 'device')}, torch is built for CUDA {built}")
    else:
        cure = "install the CUDA build of torch that pytorch.org names for this system"
        yield Diagnosis("CUDA", f"{count(devices, 'device')}, but this torch is built without CUDA", "note", cure)
    if full:
        code = "import torch, torchvision; print(torch.cuda.is_available(), torch.ones(2).sum().item())"
        command, environment = _python(code)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode == 0:
            usable = "can" if done.stdout.split()[0] == "True" else "cannot"
            yield Diagnosis("import torch", f"works, {usable} use CUDA")
        else:
            cure = "pip install --force-reinstall torch torchvision, in matching versions"
            yield Diagnosis("import torch", _last_line(done), "wrong", cure)


def _torch_is_built_for() -> str:
    """Return the CUDA version that torch was built for, or nothing; read from its files, which is quicker than it."""
    from importlib.util import find_spec

    spec = find_spec("torch")  # which imports nothing
    if spec is None or spec.origin is None:
        return ""
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    match = re.search(r"^cuda\b.*=\s*['\"]([\d.]+)['\"]", text, flags=re.M)
    return match[1] if match else ""


def _cuda_devices() -> int:
    """Ask the driver, where there is one, how many devices there are."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        number = ctypes.c_int()
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0:
            return number.value
    except (OSError, AttributeError):
        pass
    return 0


# --------------------------------------------------------------------------------------------- native core


def _native() -> Iterator[Diagnosis]:
    """Run the self-check with the instruction set in use and with each other that this processor can run."""
    wanted = os.environ.get("FLOWERABLATE_SIMD", "")
    runs = {name: _start_check(name) for name in dict.fromkeys((wanted, *PATHS))}
    outcomes = {name: _outcome(run) for name, run in runs.items()}
    used = outcomes[wanted]
    yield Diagnosis("FLOWERABLATE_SIMD", wanted or "not set; the widest that the processor can run is used")
    if "trouble" in used:
        can = [name for name in PATHS if "trouble" not in outcomes[name]]
        other = f"unset FLOWERABLATE_SIMD, or set it to {' or '.join(can)}"  # the module works then
        yield Diagnosis("native core", used["trouble"], "wrong", other if can else REINSTALL)
        return
    able = [name for name in PATHS if outcomes[name].get("simd") == name]
    yield Diagnosis("native core", f"{used['simd']} in use, this processor can run {', '.join(able)}")
    yield Diagnosis("native threads", str(used["threads"]))
    bad = [name for name in dict.fromkeys((used["simd"], *able)) if not outcomes.get(name, used)["equal"]]
    if bad:
        good = [name for name in able if name not in bad]
        cure = f"set FLOWERABLATE_SIMD={good[-1]} until this is fixed, and report it" if good else REINSTALL
        yield Diagnosis("self-check", f"results of {', '.join(bad)} differ from NumPy's", "wrong", cure)
    else:
        yield Diagnosis("self-check", f"results equal NumPy's bit for bit: {', '.join(able)}")


def _start_check(simd: str) -> subprocess.Popen[str]:
    command, environment = _python("from flowerablate.self_check import self_check; self_check()")
    environment["FLOWERABLATE_SIMD"] = simd
    if not simd:
        del environment["FLOWERABLATE_SIMD"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _outcome(run: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the result of the self-check, or what prevented it, including a crash of the process."""
    try:
        out, err = run.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()
        return {"trouble": "does not finish"}
    if run.returncode == 0:
        result: dict[str, Any] = json.loads(out)
        return result
    if run.returncode < 0:
        return {"trouble": f"the process was killed by signal {-run.returncode}"}
    return {"trouble": _last_line(subprocess.CompletedProcess([], run.returncode, out, err))}


# --------------------------------------------------------------------------------------------- cache, plugins


def _cache() -> Diagnosis:
    from ..user_cache import cache_folder

    folder = cache_folder()
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    cure = "set FLOWERABLATE_CACHE to a folder that you may write to, on a disk with free space"
    try:
        if not existing.is_dir():
            raise NotADirectoryError(0, "Not a directory", str(existing))
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return Diagnosis("cache", f"{folder}: cannot be written ({error.strerror or error})", "wrong", cure)
    room = f"{free / 2**30:.1f} GB free"
    if free < TOO_LITTLE:
        return Diagnosis("cache", f"{folder}: {room}", "note", cure)
    return Diagnosis("cache", f"{folder}: {room}" + ("" if folder.exists() else ", not created yet"))


def _plugins(folder: Path) -> Iterator[Diagnosis]:
    from ..discovery import discover

    catalogue = discover(folder, strict=False)
    yield Diagnosis("plugins", ", ".join(plugin.owner.plugin for plugin in catalogue.plugins) or "none")
    for failure in catalogue.failures:
        cure = "fix it, reinstall it, or uninstall the distribution that provides it"
        yield Diagnosis(f"plugin {failure.owner}", failure.reason, "wrong", cure)
    for clash in catalogue.clashes:
        yield Diagnosis(f"plugin {clash.owner}", clash.reason, "wrong", "rename one of the two, or uninstall it")


# --------------------------------------------------------------------------------------------- helpers


def _parts(findings: list[Diagnosis]) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    styles = {"ok": "green", "note": "yellow", "wrong": "bold red"}
    for finding in findings:
        found = finding.found + (f"\n-> {finding.cure}" if finding.cure else "")
        table.add_row(Text(finding.status, styles[finding.status]), finding.name, found)
    yield table
    wrong = sum(finding.status == "wrong" for finding in findings)
    yield Text(f"\n{count(wrong, 'problem')} found" if wrong else "\nno problems found")


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # only Linux has it
        text = ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.M)
    return match[1] if match else platform.processor() or platform.machine()


def _python(code: str) -> tuple[list[str], dict[str, str]]:
    """Return a command, and its environment, that runs *code* and finds modules where this process does.

    Left to itself it would look into the current folder first, and find the sources there instead of what is installed.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"], environment


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
