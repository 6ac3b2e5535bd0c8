"""Finds plugins, loads them one by one, and fills the registry.

Entry points are loaded singly and in sorted order, so that one that fails to import is listed with its reason and the
rest works. A name that two plugins claim is never settled in silence: it raises.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from . import hookspecs
from .contracts import SPECS, ComponentSpec
from .errors import PluginError
from .registry import Owner, Registry

GROUP = "flowerablate"
LOCAL_PLUGIN = "flowerablate_local.py"
_HOOK_PREFIX = "flowerablate_register_"


@dataclass(frozen=True)
class Plugin:
    """A plugin that was loaded, and how many components it brought to each slot."""

    owner: Owner
    components: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Failure:
    """A plugin that could not be used, and why, in one line."""

    owner: Owner
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """What discovery found: the filled registry, the plugins, those that failed, and names claimed twice."""

    registry: Registry
    plugins: tuple[Plugin, ...]
    failures: tuple[Failure, ...]
    clashes: tuple[Failure, ...]


def discover(study_folder: Path | None = None, *, strict: bool = True) -> Catalogue:
    """Load every plugin that is installed, then ``flowerablate_local.py`` in *study_folder* if there is one.

    With *strict* a name claimed twice raises :class:`PluginError`; else it is listed under ``clashes``.
    """
    finder = _Finder()
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, _distribution(entry))):
        finder.load_entry_point(entry)
    if study_folder is not None and (study_folder / LOCAL_PLUGIN).is_file():
        finder.load_file(study_folder / LOCAL_PLUGIN)
    if strict and finder.clashes:
        raise PluginError(finder.clashes[0].reason)
    return Catalogue(finder.registry, tuple(finder.plugins), tuple(finder.failures), tuple(finder.clashes))


class _Finder:
    def __init__(self) -> None:
        self.registry = Registry()
        self.plugins: list[Plugin] = []
        self.failures: list[Failure] = []
        self.clashes: list[Failure] = []
        self._owners: dict[str, Owner] = {}

    def load_entry_point(self, entry: EntryPoint) -> None:
        version = entry.dist.version if entry.dist else ""
        owner = Owner(entry.name, _distribution(entry), version)
        if not self._claim(owner):
            return
        try:
            module = entry.load()
        except (Exception, SystemExit) as error:
            self.failures.append(Failure(owner, _one_line(error)))
            return
        self._admit(module, owner)

    def load_file(self, path: Path) -> None:
        digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        owner = Owner(path.stem, path.name, "", digest)
        if not self._claim(owner):
            return
        try:
            module = _import_file(path)
        except (Exception, SystemExit) as error:
            self.failures.append(Failure(owner, _one_line(error)))
            return
        self._admit(module, owner)

    def _claim(self, owner: Owner) -> bool:
        taken = self._owners.setdefault(owner.plugin, owner)
        if taken is owner:
            return True
        reason = f"two plugins are called {owner.plugin!r}: {taken} and {owner}; rename or uninstall one of them"
        self.clashes.append(Failure(owner, reason))
        return False

    def _admit(self, module: Any, owner: Owner) -> None:
        try:
            specs = collect_specs(module, owner.plugin)
        except Exception as error:
            self.failures.append(Failure(owner, _one_line(error)))
            return
        try:
            self.registry.add(specs, owner)
        except PluginError as error:
            self.clashes.append(Failure(owner, str(error)))
            return
        slots: dict[str, tuple[str, ...]] = {}
        for spec in specs:
            slots[spec.slot] = (*slots.get(spec.slot, ()), spec.name)
        self.plugins.append(Plugin(owner, slots))


def collect_specs(module: Any, name: str) -> list[ComponentSpec]:
    """Call every hook of one plugin *module* and return the specs that it registers, checked against their slots."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for attribute, value in vars(module).items():
        if attribute.startswith(_HOOK_PREFIX) and callable(value) and not hasattr(value, "flowerablate_impl"):
            raise PluginError(f"{attribute} lacks the @flowerablate.hookimpl decorator")
    manager.register(module, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"unknown hook: {_one_line(error)}") from error
    specs: list[ComponentSpec] = []
    for wanted in SPECS:

        def register(spec: ComponentSpec, /, wanted: type[ComponentSpec] = wanted) -> None:
            if type(spec) is not wanted:
                raise PluginError(f"{_HOOK_PREFIX}{wanted.slot} takes a {wanted.__name__}, not {type(spec).__name__}")
            specs.append(spec)

        getattr(manager.hook, _HOOK_PREFIX + wanted.slot)(register=register)
    return specs


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
