"""Finds plugins, loads them one by one, and fills the registry.

Entry points are loaded one at a time in sorted order; one that fails to import is listed with its reason, and the rest
works. A name that two plugins claim is never resolved silently: it raises an error.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from . import hookspecs
from .contracts import OWN_DISTRIBUTION, SPECS, ComponentSpec, Owner, slots
from .errors import PluginError, nearest, one_line
from .files import content_of
from .jobs.interrupts import noticing_ctrl_c
from .registry import Registry

GROUP = "flowerablate"
LOCAL_PLUGIN = "flowerablate_local.py"
_HOOK = "flowerablate_register"


@dataclass(frozen=True)
class Plugin:
    """A loaded plugin, and the names of the components that it provides, by slot."""

    owner: Owner
    components: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Failure:
    """A plugin that cannot be used, and the reason in one line."""

    owner: Owner
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """The result of discovery: the filled registry, the plugins, the failures, and names claimed twice."""

    registry: Registry
    plugins: tuple[Plugin, ...]
    failures: tuple[Failure, ...]
    clashes: tuple[Failure, ...]

    @property
    def unusable(self) -> tuple[str, ...]:
        """A line for each plugin that is not used, with the reason."""
        failed = [f"plugin {failure.owner} is left out: {failure.reason}" for failure in self.failures]
        return (*failed, *(clash.reason for clash in self.clashes))


def discover(study_folder: Path | None = None, *, strict: bool = True) -> Catalogue:
    """Load every installed plugin, then ``flowerablate_local.py`` in *study_folder* if there is one.

    With *strict* a name claimed twice raises :class:`PluginError`; otherwise it is listed under ``clashes``.
    """
    finder = _Finder()
    found = [(_owner(entry), entry) for entry in entry_points(group=GROUP)]
    for owner, entry in sorted(found, key=lambda each: (each[0].plugin, each[0].distribution)):
        finder.load_entry_point(owner, entry)
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

    def load_entry_point(self, owner: Owner, entry: EntryPoint) -> None:
        if not self._claim(owner):
            return
        ours = owner.distribution == OWN_DISTRIBUTION
        if not ours and self._is_fatal(owner, _digest_before_import(entry), entry.load):
            return
        with self._listing_faults(owner):
            module = entry.load()
            if not ours:
                owner = replace(owner, digest=source_digest(sys.modules[entry.module]))
            self._admit(module, owner)

    def load_file(self, path: Path) -> None:
        content = content_of(path)
        owner = Owner(path.stem, path.name, "", hashlib.blake2b(content, digest_size=16).hexdigest())
        if not self._claim(owner) or self._is_fatal(owner, owner.digest, lambda: _import_file(path, content)):
            return
        with self._listing_faults(owner):
            self._admit(_import_file(path, content), owner)

    @contextmanager
    def _listing_faults(self, owner: Owner) -> Iterator[None]:
        """List the plugin of *owner* with whatever its code raises; only the user's Ctrl-C passes through."""
        with noticing_ctrl_c() as ctrl_c:
            try:
                yield
            except BaseException as error:
                if ctrl_c.pressed:
                    raise
                self.failures.append(Failure(owner, one_line(error)))

    def _is_fatal(self, owner: Owner, digest: str, load: Callable[[], object]) -> bool:
        """Whether the import, or a hook, ends its process; it is then listed and not done here."""
        from .trial_import import fault_of_import

        try:
            fault = fault_of_import(digest, load, lambda module: collect_specs(module, owner.plugin))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"while {owner} was imported") from None  # which may never have ended
        if fault:
            self.failures.append(Failure(owner, fault))
        return bool(fault)

    def _claim(self, owner: Owner) -> bool:
        taken = self._owners.setdefault(owner.plugin, owner)
        if taken is owner:
            return True
        reason = f"two plugins are called {owner.plugin!r}: {taken} and {owner}; rename or uninstall one of them"
        self.clashes.append(Failure(owner, reason))
        return False

    def _admit(self, module: Any, owner: Owner) -> None:
        ours = owner.distribution == OWN_DISTRIBUTION
        specs = _specs_of_ours(module, owner.plugin, *SPECS) if ours else collect_specs(module, owner.plugin)
        try:
            self.registry.add(specs, owner)
        except PluginError as error:
            self.clashes.append(Failure(owner, str(error)))
            return
        components: dict[str, list[str]] = {}
        for spec in specs:
            components.setdefault(spec.slot, []).append(spec.name)
        self.plugins.append(Plugin(owner, {slot: tuple(names) for slot, names in components.items()}))


def collect_specs(module: Any, name: str) -> list[ComponentSpec]:
    """Call every hook of the plugin *module* and return the specs that it registers, checked against their slots."""
    for attribute, value in vars(module).items():
        if attribute.startswith(_HOOK) and callable(value) and not hasattr(value, "flowerablate_impl"):
            raise PluginError(f"{attribute} lacks the @flowerablate.hookimpl decorator; add it")
    with _ONE_PLUGIN:
        manager, takes = _hooks(*slots(from_plugins=True))
        manager.register(module, name)
        try:
            return _registered_by(module, manager, takes)
        finally:
            manager.unregister(module)


_Takes = dict[str, set[type[ComponentSpec]]]
_ONE_PLUGIN = threading.RLock()
"""Held while a plugin is registered, so that its hooks alone are called."""


@cache
def _hooks(*slots: str) -> tuple[pluggy.PluginManager, _Takes]:
    """Return the manager that knows the hooks for *slots*, and the specs that each hook takes."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.add_hookspecs(hookspecs.named_hooks(hookspecs.NAMED + slot for slot in slots))
    return manager, {
        _HOOK: {SPECS[slot] for slot in slots},
        **{hookspecs.NAMED + slot: {SPECS[slot]} for slot in slots},
    }


def _registered_by(module: Any, manager: pluggy.PluginManager, takes: _Takes) -> list[ComponentSpec]:
    """Call the hooks of *module*, the only plugin in *manager*, and return what it registers."""
    own = {hook.name: hook for hook in manager.get_hookcallers(module) or ()}
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = next((name for name, hook in own.items() if not hook.has_spec()), "")
        raise PluginError(f"unknown hook {unknown!r}; {nearest(unknown, list(takes))}") from error
    specs: list[ComponentSpec] = []
    for hook, wanted in takes.items():
        if hook not in own:
            continue

        def register(spec: ComponentSpec, /, hook: str = hook, wanted: set[type[ComponentSpec]] = wanted) -> None:
            if type(spec) not in wanted:
                known = next(iter(wanted)).__name__ if len(wanted) == 1 else "spec, such as a StepSpec or a MetricSpec"
                given = type(spec).__name__
                raise PluginError(f"{hook} takes a {known}, not {'an' if given[0] in 'aeiouAEIOU' else 'a'} {given}")
            specs.append(spec)

        own[hook](register=register)
    return specs


@cache
def _specs_of_ours(module: Any, name: str, *slots: str) -> tuple[ComponentSpec, ...]:
    """Collect the specs of a plugin of this package once: it registers the same each time, unlike that of others."""
    return tuple(collect_specs(module, name))


def source_digest(module: ModuleType) -> str:
    """Hash the source of an imported plugin: 32 hexadecimal digits, or an empty string if it has no file.

    For a module in a package, all ``*.py`` files of the outermost package are hashed, by relative name and content; for
    any other module only its own file.
    """
    parts = module.__name__.split(".")
    above = [sys.modules.get(".".join(parts[:depth])) for depth in range(1, len(parts))]
    outermost = next((each for each in above if getattr(each, "__file__", None)), module)  # namespaces have no file
    file = Path(outermost.__file__ or "") if outermost else Path()
    return _digest_of(file, package=hasattr(outermost, "__path__"))


def _digest_before_import(entry: EntryPoint) -> str:
    """Hash the source of a plugin that is not imported yet: of its outermost package, or of its file."""
    outermost = entry.module.partition(".")[0]
    if outermost in sys.modules:
        return ""  # it has been imported in this process, which is still there
    spec = importlib.util.find_spec(outermost)
    if spec is None or not spec.origin:
        return ""
    return _digest_of(Path(spec.origin), package=spec.submodule_search_locations is not None)


def _digest_of(file: Path, *, package: bool) -> str:
    if not file.is_file():
        return ""
    root = file.parent
    files = _sources(root) if package else [file]
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        name, content = path.relative_to(root).as_posix().encode(), content_of(path)
        digest.update(b"%d %d " % (len(name), len(content)) + name + content)
    return digest.hexdigest()


def _sources(root: Path) -> list[Path]:
    found = [Path(folder, name) for folder, _, names in os.walk(root) for name in names if name.endswith(".py")]
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _import_file(path: Path, content: bytes) -> ModuleType:
    """Run *content*, which was read from *path*; Python's bytecode cache would miss a change within the same second."""
    loader = SourceFileLoader(path.stem, str(path))
    spec = importlib.util.spec_from_file_location(path.stem, path, loader=loader)
    if spec is None:
        raise PluginError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    exec(loader.source_to_code(content, str(path)), vars(module))
    return module


def _owner(entry: EntryPoint) -> Owner:
    return Owner(entry.name, *(_name_and_version(entry.dist) if entry.dist else ("unknown", "")))


@lru_cache(maxsize=32)  # the entry points of a search share their distributions, whose text takes long to parse
def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    metadata = distribution.metadata
    return metadata["Name"], metadata["Version"]
