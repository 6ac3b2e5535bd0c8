"""Packages whose names are loaded when they are first used."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import flowerablate
from flowerablate import contracts

LAZY = [flowerablate, contracts]


def names_for_type_checkers(package):
    """Return the names that *package* imports where types are checked, with the modules from which it takes all."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    named, whole = set(), []
    for node in block.body:
        for alias in node.names:
            if alias.name == "*":
                whole.append(import_module(f"{'.' * node.level}{node.module}", package.__name__))
            else:
                named.add(alias.asname)
    return named, whole


def defined_in(module):
    """Return the public names that a module defines, which are those that type checkers take from it."""
    found = set()
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")}


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_every_name_is_there_and_listed(package):
    assert len(package.__all__) == len(set(package.__all__)) > 50
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=rf"module '{package.__name__}' has no attribute 'nothing'"):
        _ = package.nothing


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_type_checkers_see_the_names_that_there_are(package):
    named, whole = names_for_type_checkers(package)
    for module in whole:
        named |= set(getattr(module, "__all__", ())) or defined_in(module)
    assert named == set(package.__all__)


def test_no_name_of_a_record_is_that_of_its_module():
    """Importing the module would put it in the place of the name."""
    files = {path.stem for path in Path(contracts.__file__).parent.glob("*.py")}
    assert not files & set(contracts.__all__)


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_importing_it_loads_none_of_its_modules(package):
    code = f"import sys, {package.__name__}; print(*sorted(name for name in sys.modules if 'flowerablate.' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    own = {package.__name__, "flowerablate.lazy_names"} - {"flowerablate"}
    assert set(done.stdout.split()) == own
