"""Which parts of your image-classification pipeline earn their place?

This package exports the names that a plugin needs, and the API for notebooks and scripts: ``Study``, ``run``,
``report``, ``compare`` and ``load_model`` (see ``docs/how-to/notebook.md``). Importing it loads nothing:
``__init__.pyi`` names the module of each name, which is loaded when the name is first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name == "report":
        return import_module(".report", __name__)  # made callable below
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _load(name)


class _ReportRoom(ModuleType):
    """The package ``flowerablate.report``, made callable: ``report("runs/flowers")``."""

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        # Whoever asks for help on it means what is called; the package's own text stays in its file.
        return cast("str | None", import_module("flowerablate.api.running").report.__doc__)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        return signature(import_module("flowerablate.api.running").report)

    def __call__(self, *words: Any, **options: Any) -> Any:
        verb = import_module("flowerablate.api.running").report
        return verb(*words, **options)


class _Package(ModuleType):
    """This package, in which ``report`` is both a subpackage, from which plugins import columns, and a function.

    Python sets the attribute to the module whenever the subpackage is imported, so the module itself must be callable.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "report" and isinstance(value, ModuleType):
            value.__class__ = _ReportRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
