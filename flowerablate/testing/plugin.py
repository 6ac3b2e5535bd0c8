"""Checks of a plugin module as a whole: its hooks, its specs and its imports."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from types import ModuleType

from ..contracts import ComponentSpec, DatasetSpec, Owner, StepSpec
from ..discovery import collect_specs
from ..errors import PluginError, StudyError
from ..registry import Registry
from .check_settings import named

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_PARAM_NAME = re.compile(r"[a-z][a-z0-9_]*")
HEAVY = ("torch", "torchvision", "scipy", "flowerablate._native")


def check_plugin(module: ModuleType) -> list[ComponentSpec]:
    """Check the hooks of *module* and each spec that they register; return the specs.

    Checks that hooks are known and decorated; that there is a component; that names are well formed and do not clash;
    that everything has a summary; that defaults and feature switches are valid; that ``build`` accepts its arguments;
    and that importing the module loads none of torch, torchvision, scipy and the native core.
    """
    try:
        specs = collect_specs(module, module.__name__)
        Registry().add(specs, Owner(module.__name__, "under test", ""))
    except PluginError as error:
        raise AssertionError(str(error)) from error
    assert specs, f"{module.__name__} registers nothing; implement the hook flowerablate_register(register)"
    for spec in specs:
        _check_spec(spec)
    _check_light(module)
    return specs


def _check_spec(spec: ComponentSpec) -> None:
    what = named(spec)
    assert _NAME.fullmatch(spec.name), (
        f"{what}: a name consists of lower-case letters, digits and single - or _, and begins with a letter"
    )
    assert spec.summary.strip(), f"{what}: the summary is empty; describe the component in one line"
    assert "\n" not in spec.summary, f"{what}: the summary must be one line"
    for param in spec.params:
        where = f"{what}, parameter {param.name!r}"
        assert _PARAM_NAME.fullmatch(param.name), (
            f"{where}: a name consists of lower-case letters, digits and underscores"
        )
        assert param.summary.strip(), f"{where}: the summary is empty; state the meaning and the unit"
        if param.off is not None:
            try:
                param.check(param.off, f"{where}: off")
            except StudyError as error:
                raise AssertionError(str(error)) from error
    _check_signature(spec, spec.build, "build")
    if isinstance(spec, DatasetSpec) and spec.reads is not None:
        path = spec.param("path")
        assert path is not None, f"{what}: a data set with reads must have a parameter path for --data PATH"
        assert path.type_name == "str", f"{what}: the parameter path must be a str, not {path.type_name}"
    if isinstance(spec, StepSpec):
        assert not spec.kind or _NAME.fullmatch(spec.kind), (
            f"{what}: kind {spec.kind!r} must consist of lower-case letters, digits and single - or _"
        )
        if spec.stand_in is not None:
            assert spec.random, f"{what}: stand_in is for random steps; a deterministic step needs none"
            _check_signature(spec, spec.stand_in, "stand_in")


def _check_signature(spec: ComponentSpec, function: object, what: str) -> None:
    assert callable(function), f"{named(spec)}: {what} must be a function"
    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins have none
        return
    names = {param.name: param.default for param in spec.params}
    try:
        signature.bind("context", **names)
    except TypeError as error:
        wanted = ", ".join(["context", *names])
        raise AssertionError(f"{named(spec)}: {what} must take ({wanted}), but: {error}") from error


def _check_light(module: ModuleType) -> None:
    if module.__spec__ is None or module.__spec__.origin is None or module.__name__ == "flowerablate_local":
        return  # made by hand or local to a study, so it cannot be imported by name
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import {module.__name__}; "
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{module.__name__} cannot be imported on its own: {run.stderr.strip()[-400:]}"
    loaded = run.stdout.strip()
    assert not loaded, f"importing {module.__name__} loads {loaded}; import it inside build to keep listing fast"
