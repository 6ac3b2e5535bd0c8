"""The contract with plugin authors: one hook, ``flowerablate_register``.

A plugin is a module that implements it. It is found by an entry point in the group ``flowerablate``, or as
``flowerablate_local.py`` next to a study. The hook gets ``register``; call it once per component, of any slot::

    import flowerablate as fa

    @fa.hookimpl
    def flowerablate_register(register):
        register(fa.StepSpec(name="invert", summary="Negative of the image.", kind="color", build=build_invert))

    def build_invert(context):
        return fa.PythonOp(lambda images, draws: 255 - images)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pluggy

from .contracts import Register

PROJECT = "flowerablate"
NAMED = "flowerablate_register_"
"""The prefix of the hooks that accept the specs of one slot."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def flowerablate_register(register: Register) -> None:
    """Register components of any slots: the type of each spec names its slot."""


def named_hooks(names: Iterable[str]) -> type:
    """Return the hooks *names*, such as ``flowerablate_register_step``, which accept only the specs of one slot."""
    return type("NamedHooks", (), {name: _named(name) for name in names})


def _named(name: str) -> Callable[[Register], None]:
    def hook(register: Register) -> None:
        pass

    hook.__name__ = name
    return hookspec(hook)
