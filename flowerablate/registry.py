"""The components in each slot, with their owners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version

from .contracts import OWN_DISTRIBUTION, SLOTS, TRAINING, ComponentSpec, Owner
from .errors import PluginError, StudyError, nearest


@dataclass(frozen=True)
class Component:
    """A spec and its owner."""

    spec: ComponentSpec
    owner: Owner


class Registry:
    """Components by slot and name. A name can be taken once; a second owner gets an error that names both.

    A new registry holds only the settings of training, which no plugin provides.
    """

    def __init__(self) -> None:
        self._slots: dict[str, dict[str, Component]] = {slot: {} for slot in SLOTS}
        self.add([TRAINING], Owner("flowerablate", OWN_DISTRIBUTION, version(OWN_DISTRIBUTION)))

    def add(self, specs: Iterable[ComponentSpec], owner: Owner) -> None:
        """Add all *specs*, or none of them if one clashes."""
        components = [Component(spec, owner) for spec in specs]
        new: dict[tuple[str, str], Component] = {}
        for component in components:
            spec = component.spec
            taken = self._slots[spec.slot].get(spec.name) or new.get((spec.slot, spec.name))
            if taken:
                raise PluginError(
                    f"{spec.slot} {spec.name!r} is registered twice: by {taken.owner} and by {owner}; "
                    "rename or uninstall one of them"
                )
            new[spec.slot, spec.name] = component
        for (slot, name), component in new.items():
            self._slots[slot][name] = component

    def find(self, slot: str, name: str, where: str = "") -> Component:
        """Return the component *name* of *slot*, or raise :class:`StudyError` with the nearest valid name."""
        entries = self.slot(slot)
        if name not in entries:
            prefix = f"{where}: " if where else ""
            raise StudyError(f"{prefix}no {slot} is called {name!r}; {nearest(name, entries)}")
        return entries[name]

    def slot(self, slot: str) -> dict[str, Component]:
        """Return the components of *slot* by name, sorted."""
        if slot not in self._slots:
            raise StudyError(f"no slot is called {slot!r}; {nearest(slot, self._slots)}")
        return dict(sorted(self._slots[slot].items()))
