"""The whole contract with plugin authors: one hook, ``flowerablate_register``.

A plugin is a module that implements it. It is found by an entry point in the group ``flowerablate``, or as
``flowerablate_local.py`` beside a study. The hook gets ``register``, to be called once for each component, of whatever
slot::

    import flowerablate as fa

    @fa.hookimpl
    def flowerablate_register(register):
        register(fa.StepSpec(name="invert", summary="Negative of the image.", kind="color", build=build_invert))

    def build_invert(context):
        return fa.PythonOp(lambda images, draws: 255 - images)
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from .contracts import Register, slots

PROJECT = "flowerablate"
NAMED = "flowerablate_register_"
"""How the names of the hooks begin that take the specs of one slot."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def flowerablate_register(register: Register) -> None:
    """Register components of any slots: the type of each spec names its slot."""


def named_hooks() -> type:
    """Return one more hook for each slot, ``flowerablate_register_SLOT``, which takes the specs of that slot alone."""
    names = (NAMED + slot for slot in slots(from_plugins=True))
    return type("NamedHooks", (), {name: _named(name) for name in names})


def _named(name: str) -> Callable[[Register], None]:
    def hook(register: Register) -> None:
        pass

    hook.__name__ = name
    return hookspec(hook)
