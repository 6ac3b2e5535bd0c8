"""The list of slots, which all rooms use."""

from __future__ import annotations

from .specs import ComponentSpec

SPECS: dict[str, type[ComponentSpec]] = {spec.slot: spec for spec in ComponentSpec.__subclasses__()}
"""The slots by name, in the order of :mod:`.specs`; adding a spec class there adds a slot everywhere."""

SLOTS = SPECS.keys()
"""The names of all slots."""


def slots(
    *, number: str | None = None, in_pipeline: bool | None = None, ablated: bool | None = None,
    from_plugins: bool | None = None,
) -> tuple[str, ...]:  # fmt: skip
    """Return the slots that match all given facts, in the order of a study; see :class:`ComponentSpec`."""
    wanted = {"number": number, "in_pipeline": in_pipeline, "ablated": ablated, "from_plugins": from_plugins}
    asked = {fact: value for fact, value in wanted.items() if value is not None}
    return tuple(
        slot for slot, spec in SPECS.items() if all(getattr(spec, fact) == value for fact, value in asked.items())
    )
