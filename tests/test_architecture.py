"""The rules of the house: which room may know which."""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import flowerablate
from flowerablate.cli.loading import ENTRIES

PACKAGE = Path(flowerablate.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[1]
GROUND_FLOOR = {"console", "contracts", "durations", "errors", "exit_codes", "files", "keyed", "params", "visible"}
ROOMS = ["jobs", "study", "data", "preprocess", "loader", "train", "inference", "ledger", "stats", "report"]
UPPER_FLOOR = ["wiring", "reading", "probe", "execute", "sanity", "tuning", "api", "cli"]
"""The rooms that may consult the registry; each knows those to its left, and all of ROOMS. ``testing`` stands apart."""
REGISTRY = {"registry", "discovery", "hookspecs"}


@cache
def imports_of(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports, relative imports made absolute."""
    here = ["flowerablate", *path.relative_to(PACKAGE).with_suffix("").parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = here[: -node.level] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def owner(name: str, modules: dict[str, Path]) -> str | None:
    """The module that a dotted name is, or is in."""
    if name in modules or "." not in name:
        return name if name in modules else None
    return owner(name.rpartition(".")[0], modules)


def rooms_known_by(room: str) -> set[str]:
    known = set()
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] == "flowerablate" and len(parts) > 1:
                known.add(parts[1])
    return known - {room}


def all_imports(room: str) -> set[str]:
    return {name.split(".")[0] for path in (PACKAGE / room).rglob("*.py") for name in imports_of(path)}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_only_the_ground_floor_and_the_rooms_to_its_left(room):
    allowed = GROUND_FLOOR | set(ROOMS[: ROOMS.index(room)]) | ({"_native"} if room == "preprocess" else set())
    assert rooms_known_by(room) <= allowed


@pytest.mark.parametrize("room", UPPER_FLOOR)
def test_a_room_of_the_upper_floor_knows_only_those_to_its_left(room):
    assert not rooms_known_by(room) & set(UPPER_FLOOR[UPPER_FLOOR.index(room) + 1 :])


def test_sanity_and_tuning_stand_side_by_side():
    assert "sanity" not in rooms_known_by("tuning")


def test_every_folder_is_a_room_that_these_rules_know():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == {*ROOMS, *UPPER_FLOOR, "contracts", "testing"}


def test_no_two_files_share_a_name_across_rooms():
    """Commands are called as they are typed, so those of ``cli`` may repeat a name."""
    files = [*PACKAGE.rglob("*.py"), *(REPOSITORY / "plugins").rglob("*.py")]
    names = [path.name for path in files if not path.name.startswith("__") and path.parent.name != "cli"]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_no_two_public_classes_share_a_name():
    files = [*PACKAGE.rglob("*.py"), *(REPOSITORY / "plugins").rglob("*.py")]
    trees = [ast.parse(path.read_text()) for path in files]
    names = [node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    public = [name for name in names if not name.startswith("_")]
    assert len(public) > 150
    assert [name for name, times in Counter(public).items() if times > 1] == []


def named_types(path: Path) -> list[tuple[str, str]]:
    """The public types of a file, classes and names for other types, each with what defines it."""
    found = []
    for node in ast.parse(path.read_text()).body:
        for each in node.body if isinstance(node, ast.If) else [node]:  # such as those for type checkers alone
            if isinstance(each, ast.ClassDef):
                found.append((each.name, path.as_posix()))
            elif isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None:
                target = each.targets[0] if isinstance(each, ast.Assign) else each.target
                if isinstance(target, ast.Name) and re.fullmatch("[A-Z][a-z]+([A-Z][a-z]+)*", target.id):
                    found.append((target.id, ast.unparse(each.value)))
    return found


def test_no_name_of_a_type_has_two_meanings():
    """Nor may a name for another type be that of a class; arrays of floats may have either precision."""
    types = {each for path in PACKAGE.rglob("*.py") for each in named_types(path)}
    names = Counter(name for name, _ in types if not name.startswith("_"))
    assert {"Progress", "Order", "Judge", "Pipeline"} <= set(names)
    assert {name for name, meanings in names.items() if meanings > 1} <= {"Floats"}


@pytest.mark.parametrize("room", ["jobs", "stats", "report", "study", "ledger"])
def test_a_room_without_images_knows_nothing_of_torch(room):
    assert not {"torch", "torchvision"} & all_imports(room)


def test_only_preprocess_uses_the_native_core():
    users = {room for room in [*ROOMS, *UPPER_FLOOR, "testing"] if "_native" in rooms_known_by(room)}
    assert users <= {"preprocess", "testing", "cli"}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_consults_the_registry(room):
    assert not REGISTRY & rooms_known_by(room)


def test_the_core_never_imports_a_plugin():
    for path in PACKAGE.rglob("*.py"):
        assert not {name for name in imports_of(path) if name.startswith("flowerablate_")}, path


def test_no_modules_import_each_other_in_a_circle():
    """Whether at the start, in a function or for its types only: what one file needs of another goes one way."""
    modules = {module_of(path): path for path in (*PACKAGE.rglob("*.py"), PACKAGE / "_native.pyi")}
    knows = {name: {owner(used, modules) for used in imports_of(path)} - {None} for name, path in modules.items()}
    knows["flowerablate.cli.loading"] |= {f"flowerablate.cli.{entry.module}" for _, entry in ENTRIES.values()}
    assert knows["flowerablate.cli.loading"] >= {"flowerablate.cli.run", "flowerablate.errors"}
    try:
        TopologicalSorter(knows).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def opened_otherwise(path: Path) -> list[str]:
    """Calls in a file by which it opens another one to read it, other than those of ``flowerablate.files``."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called, words = ast.unparse(node.func), [ast.unparse(each) for each in node.args]
        text_mode = not words and any(each.arg == "encoding" for each in node.keywords)
        if (
            called.rpartition(".")[2] in {"read_text", "read_bytes"}
            or (called == "Image.open" and "BytesIO" not in words[0] and words[0] != "file")
            or (called in {"np.load", "np.memmap", "np.fromfile", "torch.load"} and words[0] not in {"raw", "file"})
            or (called.endswith("open") and (text_mode or (words and re.fullmatch(r"'r[b+]*'", words[-1]))))
        ):  # fmt: skip
            found.append(called)
    return found


def test_what_is_read_is_opened_in_one_way_which_waits_for_no_fifo():
    """But for what the package brings itself, what the system says, and parcels of files that have been listed."""
    own = {"cli/scaffold.py", "cli/doctor.py", "study/templates.py", "train/device.py", "jobs/worker.py"}
    own |= {"jobs/worker_places.py", "jobs/same_process.py", "files.py", "parcels.py"}
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    read = {name: opened_otherwise(path) for name, path in files.items() if not name.startswith("testing/")}
    read |= {path.name: opened_otherwise(path) for path in (REPOSITORY / "plugins").rglob("*.py")}
    assert len(opened_otherwise(Path(__file__))) > 3
    assert {name: calls for name, calls in read.items() if calls and name not in own} == {}


def dashed(path: Path) -> list[str]:
    """Texts of a file, but for docstrings, that name an option of ours as it is typed, such as ``--data``."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    found = [node.value for node in texts if id(node) not in docs and re.search(r"(^|[ '(])--[a-z]", node.value)]
    return [text for text in found if "pip install" not in text]


def test_what_python_users_read_names_no_option_as_it_is_typed():
    """Rooms that only commands reach, and notes that name the next command, may; so may what declares the options."""
    typed = {
        *("cli", "sanity", "tuning", "testing", "stats"),
        *("api/options.py", "contracts/specs.py", "report/image_report.py", "report/figures/svg_canvas.py"),
        "data/check/copies.py",
    }
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    assert dashed(files["api/options.py"])
    said = {name: dashed(path) for name, path in files.items() if not {name, name.split("/")[0]} & typed}
    plugins = REPOSITORY / "plugins" / "flowerablate_datasets"
    said |= {path.name: dashed(path) for path in plugins.rglob("*.py") if path.name != "drawn_images.py"}
    assert {name: texts for name, texts in said.items() if texts} == {}


def test_every_source_file_stays_readable():
    folders = ("flowerablate", "plugins", "tests", "benchmarks", "csrc", "docs", "templates", "examples")
    files = [path for folder in folders for path in (REPOSITORY / folder).rglob("*")]
    sources = [path for path in files if path.suffix in {".py", ".cpp", ".hpp"}]
    assert {path.relative_to(REPOSITORY).parts[0] for path in sources} >= {"flowerablate", "benchmarks", "csrc"}
    for path in sources:
        assert len(path.read_text().splitlines()) <= 400, path


@pytest.mark.parametrize(
    "statement",
    [
        "import flowerablate",
        "import flowerablate as fa; fa.Study, fa.run, fa.report, fa.compare",
        "import flowerablate.cli.app",
        "import flowerablate.testing",
    ],
)
def test_importing_is_light(statement, tmp_path):
    heavy = ["torch", "torchvision", "scipy", "PIL", "matplotlib", "jinja2", "flowerablate._native"]
    code = f"import sys; {statement}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
