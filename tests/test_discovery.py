from __future__ import annotations

import hashlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import flowerablate as fa
from flowerablate import hookspecs
from flowerablate.contracts import SPECS, TRAINING, ComponentSpec, slots
from flowerablate.discovery import LOCAL_PLUGIN, collect_specs, discover
from flowerablate.testing import check_component, check_plugin

NAMED_HOOKS = sorted(f"flowerablate_register_{slot}" for slot in slots(from_plugins=True))
DOCS = Path(__file__).parents[1] / "docs"
GUIDE, REFERENCE = DOCS / "how-to" / "plugins.md", DOCS / "reference" / "slots.md"
STEP_PLUGIN = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register(register):
    register(fa.StepSpec(name="{name}", summary="A step.", build=lambda context: None))
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a plugin as a distribution of its own, until the test ends.

    *source* is that of a single module, or files by name: those of a package. Returns where it lies.
    """
    installed = []

    def install(plugin, source, distribution=None, version="1.0", entry=""):
        distribution = distribution or f"dist-{plugin}"
        home = tmp_path / distribution
        info = home / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        module = f"module_of_{distribution.replace('-', '_')}"
        if isinstance(source, str):
            place = home / f"{module}.py"
            place.write_text(source)
        else:
            place = home / module
            for name, text in source.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(text)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[flowerablate]\n{plugin} = {module}{entry}\n")
        monkeypatch.syspath_prepend(home)
        installed.append(module)
        return place

    yield install
    forget(*installed)


def forget(*modules):
    """Let modules, and all that is in them, be imported anew."""
    for name in [name for name in sys.modules if name.split(".")[0] in modules]:
        del sys.modules[name]


@pytest.fixture
def local(tmp_path):
    """Return a function that writes a local plugin into a folder; its module is forgotten afterwards."""

    def write(source):
        folder = tmp_path / "study"
        folder.mkdir()
        (folder / LOCAL_PLUGIN).write_text(source)
        return folder

    yield write
    sys.modules.pop("flowerablate_local", None)


def reasons(failures):
    return {failure.owner.plugin: failure.reason for failure in failures}


# -------------------------------------------------------------------------------------------- finding plugins


def test_an_installed_plugin_is_found_with_its_distribution_and_version(install):
    install("tidy", STEP_PLUGIN.format(name="tidy"), version="2.5")
    catalogue = discover()
    owner = catalogue.registry.find("step", "tidy").owner
    assert (owner.plugin, owner.distribution, owner.version) == ("tidy", "dist-tidy", "2.5")
    assert [plugin.components for plugin in catalogue.plugins if plugin.owner == owner] == [{"step": ("tidy",)}]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError"),
        (
            "import flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register_step(register):\n    1 / 0",
            "ZeroDivisionError: division by zero",
        ),
        pytest.param(
            "import os\nimport flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register(register):\n    os._exit(0)",
            "its process ended with exit code 0 when it registered its components",
            marks=pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is tried without fork"),
        ),
    ],
)
def test_a_broken_plugin_is_listed_with_its_reason_and_the_rest_works(install, source, reason):
    install("broken", source)
    install("tidy", STEP_PLUGIN.format(name="tidy"))
    catalogue = discover()
    assert reason in reasons(catalogue.failures)["broken"]
    assert "\n" not in reasons(catalogue.failures)["broken"]
    assert catalogue.registry.find("step", "tidy")


def test_a_component_name_that_two_plugins_claim_raises_and_names_both(install):
    install("one", STEP_PLUGIN.format(name="twin"), version="1.0")
    install("two", STEP_PLUGIN.format(name="twin"), version="2.0")
    with pytest.raises(fa.PluginError) as caught:
        discover()
    message = str(caught.value)
    assert "step 'twin' is registered twice" in message
    assert "by one (dist-one 1.0 " in message
    assert "by two (dist-two 2.0 " in message


def test_a_plugin_name_that_two_distributions_claim_raises_and_names_both(install):
    install("tidy", STEP_PLUGIN.format(name="first"), distribution="dist-first")
    install("tidy", STEP_PLUGIN.format(name="second"), distribution="dist-second")
    with pytest.raises(fa.PluginError) as caught:
        discover()
    message = str(caught.value)
    assert "two plugins are called 'tidy'" in message
    assert "dist-first 1.0" in message
    assert "dist-second 1.0" in message


def test_a_listing_shows_clashes_instead_of_raising(install):
    install("one", STEP_PLUGIN.format(name="twin"))
    install("two", STEP_PLUGIN.format(name="twin"))
    catalogue = discover(strict=False)
    assert list(reasons(catalogue.clashes)) == ["two"]
    assert catalogue.registry.find("step", "twin").owner.plugin == "one"


def test_the_file_beside_a_study_is_a_plugin_with_the_hash_of_its_content(local):
    source = STEP_PLUGIN.format(name="homemade")
    folder = local(source)
    owner = discover(folder).registry.find("step", "homemade").owner
    assert owner.plugin == "flowerablate_local"
    assert owner.digest == hashlib.blake2b(source.encode(), digest_size=16).hexdigest()


def test_a_local_plugin_that_changes_within_a_second_is_run_as_it_is_hashed(local):
    folder = local(STEP_PLUGIN.format(name="step1"))
    first = discover(folder).registry.find("step", "step1").owner
    (folder / LOCAL_PLUGIN).write_text(STEP_PLUGIN.format(name="step2"))
    assert discover(folder).registry.find("step", "step2").owner != first


def test_a_folder_without_a_local_plugin_is_no_trouble(tmp_path):
    assert discover(tmp_path).failures == discover().failures


def test_a_broken_local_plugin_is_listed_with_its_reason(local):
    catalogue = discover(local("1 / 0"))
    assert reasons(catalogue.failures)["flowerablate_local"] == "ZeroDivisionError: division by zero"


def test_a_local_plugin_cannot_take_the_name_of_an_installed_component(install, local):
    install("tidy", STEP_PLUGIN.format(name="twin"))
    with pytest.raises(fa.PluginError, match=r"by tidy \(dist-tidy 1\.0 \w{12}\) and by flowerablate_local"):
        discover(local(STEP_PLUGIN.format(name="twin")))


# ------------------------------------------------------------------------- the source of a plugin is its identity

PACKAGE = {"__init__.py": STEP_PLUGIN.format(name="tidy"), "inner/kernel.py": "SIZE = 3\n", "notes.txt": "a"}


def owner_of_tidy():
    forget("module_of_dist_tidy")
    return discover().registry.find("step", "tidy").owner


def test_a_plugin_of_one_file_changes_its_digest_with_that_file_only(install):
    place = install("tidy", STEP_PLUGIN.format(name="tidy"))
    first = owner_of_tidy()
    (place.parent / "neighbour.py").write_text("")
    assert owner_of_tidy() == first
    place.write_text(place.read_text() + "# changed\n")
    changed = owner_of_tidy()
    assert changed.version == first.version
    assert len(changed.digest) == 32
    assert str(changed) != str(first)


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place / "__init__.py").write_text(PACKAGE["__init__.py"] + "# changed\n"),
        lambda place: (place / "inner" / "kernel.py").write_text("SIZE = 5\n"),
        lambda place: (place / "inner" / "kernel.py").rename(place / "inner" / "kernels.py"),
        lambda place: (place / "more.py").write_text(""),
        lambda place: (place / "inner" / "kernel.py").unlink(),
    ],
    ids=["top", "inner", "renamed", "added", "removed"],
)
def test_a_plugin_that_is_a_package_changes_its_digest_with_any_of_its_python_files(install, change):
    place = install("tidy", PACKAGE)
    first = owner_of_tidy()
    assert owner_of_tidy() == first
    change(place)
    assert owner_of_tidy().digest != first.digest


def test_what_is_no_python_source_does_not_change_the_digest(install):
    place = install("tidy", PACKAGE)
    first = owner_of_tidy()
    (place / "notes.txt").write_text("b")
    assert owner_of_tidy() == first


def test_a_plugin_within_a_package_is_hashed_with_the_whole_of_it_and_nothing_more_is_imported(install):
    files = {"__init__.py": "", "kernel.py": "1 / 0", "hooks.py": STEP_PLUGIN.format(name="tidy")}
    place = install("tidy", files, entry=".hooks")
    first = owner_of_tidy()
    (place / "kernel.py").write_text("2 / 0")
    assert owner_of_tidy().digest != first.digest


def test_a_plugin_in_a_namespace_is_hashed_without_its_neighbours(install):
    place = install("tidy", {"hooks.py": STEP_PLUGIN.format(name="tidy")}, entry=".hooks")
    first = owner_of_tidy()
    assert first.digest
    (place / "of_another_distribution.py").write_text("")
    assert owner_of_tidy() == first


def test_the_place_of_a_plugin_does_not_change_its_digest(install, tmp_path):
    digests = {"here": "", "there": ""}
    for name in digests:
        place = install(name, {**PACKAGE, "__init__.py": STEP_PLUGIN.format(name="tidy")}, distribution=f"d-{name}")
        digests[name] = discover(strict=False).registry.find("step", "tidy").owner.digest
        shutil.rmtree(place.parent)
    assert digests["here"] == digests["there"] != ""


def test_our_own_plugins_go_by_their_version_alone():
    owners = [plugin.owner for plugin in discover().plugins if plugin.owner.distribution == "flowerablate"]
    assert owners
    assert {owner.digest for owner in owners} == {""}
    assert all(owner.version for owner in owners)


# ---------------------------------------------------------------------------------------- the hooks of a module


def module_with(**attributes):
    module = types.ModuleType("made_up")
    vars(module).update(attributes)
    return module


@pytest.mark.parametrize("name", ["flowerablate_register_stp", "flowerablate_regster", "flowerablat_register"])
def test_an_unknown_hook_is_an_error_that_names_the_nearest(name):
    def hook(register):
        pass

    with pytest.raises(fa.PluginError, match=f"unknown hook '{name}'; did you mean 'flowerablate_register"):
        collect_specs(module_with(**{name: fa.hookimpl(hook)}), "made_up")
    with pytest.raises(fa.PluginError, match=f"unknown hook '{name}'; did you mean"):
        collect_specs(module_with(mine=fa.hookimpl(specname=name)(hook)), "made_up")


def test_a_hook_without_its_decorator_is_an_error():
    for hook in ("flowerablate_register", "flowerablate_register_step"):
        with pytest.raises(fa.PluginError, match=rf"{hook} lacks the @flowerablate\.hookimpl decorator"):
            collect_specs(module_with(**{hook: lambda register: None}), "made_up")


def test_a_hook_with_an_unknown_argument_is_an_error():
    def flowerablate_register_step(register, surprise):
        pass

    with pytest.raises(Exception, match="surprise"):
        collect_specs(module_with(flowerablate_register_step=fa.hookimpl(flowerablate_register_step)), "made_up")


@pytest.mark.parametrize("wrong", [fa.ModelSpec("odd", "Odd.", build=lambda context: None), "odd", None])
def test_a_spec_of_another_slot_is_an_error(wrong):
    def flowerablate_register_step(register):
        register(wrong)

    with pytest.raises(fa.PluginError, match="flowerablate_register_step takes a StepSpec, not"):
        collect_specs(module_with(flowerablate_register_step=fa.hookimpl(flowerablate_register_step)), "made_up")


def registering(*specs):
    def implementation(register):
        for spec in specs:
            register(spec)

    return fa.hookimpl(implementation)


STEP = fa.StepSpec("odd", "Odd.", build=lambda context: None)
MODEL = fa.ModelSpec("odd", "Odd.", build=lambda context: None)


def test_one_hook_registers_components_of_several_slots():
    assert collect_specs(module_with(flowerablate_register=registering(STEP, MODEL)), "made_up") == [STEP, MODEL]


def test_the_hook_and_those_with_the_name_of_a_slot_work_in_one_module():
    module = module_with(flowerablate_register=registering(STEP), flowerablate_register_model=registering(MODEL))
    assert collect_specs(module, "made_up") == [STEP, MODEL]


@pytest.mark.parametrize("wrong", [TRAINING, "odd", ComponentSpec("odd", "Odd.", build=lambda context: None)])
def test_what_is_no_spec_of_a_slot_that_plugins_fill_is_an_error(wrong):
    with pytest.raises(fa.PluginError, match="flowerablate_register takes a spec, such as a StepSpec or a"):
        collect_specs(module_with(flowerablate_register=registering(wrong)), "made_up")


@pytest.mark.parametrize("slot", slots(from_plugins=True))
def test_the_hook_that_has_the_name_of_a_slot_takes_its_specs(slot):
    spec = SPECS[slot]("odd", "Odd.", build=lambda context: None)
    module = module_with(**{f"flowerablate_register_{slot}": registering(spec)})
    assert collect_specs(module, "made_up") == [spec]


# ---------------------------------------------------------- every slot is documented, and its example works


def examples():
    """Return the examples of the guide and the reference that implement the hook, as (slots, source)."""
    text = "".join(document.read_text(encoding="utf-8") for document in (GUIDE, REFERENCE))
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    found = []
    for block in blocks:
        compile(block, "example", "exec")
        if "def flowerablate_register(" in block:
            classes = re.findall(r"fa\.(\w+Spec)\(", block)
            found.append((" ".join(slot for slot, spec in SPECS.items() if spec.__name__ in classes), block))
    return found


def test_the_hook_says_what_it_is_for():
    assert inspect.getdoc(hookspecs.flowerablate_register)


@pytest.mark.parametrize("slot", slots(from_plugins=True))
def test_every_slot_has_a_section_in_the_documentation(slot):
    assert f": `{SPECS[slot].__name__}`\n" in REFERENCE.read_text(encoding="utf-8")


def test_every_slot_is_exercised_by_an_example():
    assert {slot for names, _ in examples() for slot in names.split()} == set(slots(from_plugins=True))


@pytest.mark.parametrize(("names", "source"), examples(), ids=lambda value: value[:40].split("\n")[0])
def test_an_example_of_the_documentation_keeps_the_contract(names, source, tmp_path):
    module = types.ModuleType("documented")
    exec(compile(source, "example", "exec"), vars(module))
    specs = check_plugin(module)
    assert {spec.slot for spec in specs} == set(names.split())
    for spec in specs:
        check_component(spec, cache=tmp_path)


# ----------------------------------------------------------------------------------------------- light imports


@pytest.mark.parametrize(
    "code",
    [
        "import flowerablate",
        "import flowerablate.cli",
        "import flowerablate.testing",
        "from flowerablate.discovery import discover; discover()",
    ],
)
def test_finding_components_loads_neither_torch_nor_scipy_nor_the_native_core(code):
    heavy = "('torch', 'torchvision', 'scipy', 'flowerablate._native')"
    check = f"{code}\nimport sys\nprint([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
