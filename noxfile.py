"""What keeps main green, as sessions: ``nox`` runs lint, types, the docs, the fast tests and the native tests.

Extra, only when asked for: ``nox -s sanitize``, ``nox -s fuzz``, the long proofs, ``nox -s tests -- -m slow``, and the
table that the documents show, ``nox -s table``.
"""

import re
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "docs", "tests", "native"]
nox.options.default_venv_backend = "venv"


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(_pinned("ruff"), _pinned("clang-format"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    sources = sorted(str(path) for path in Path("csrc").rglob("*.[ch]pp"))
    session.run("clang-format", "--dry-run", "--Werror", *sources)


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install(".[dev]")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site, or the folder after ``--``; a warning, such as of a broken link, is an error."""
    session.install(".[docs]")
    (folder,) = session.posargs or ["build/site"]
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-q", "-j", "auto", "docs", folder)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the fast suite, or what is given after ``--``, such as ``-m slow``, with a worker for each core."""
    session.install(".[test]")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def table(session: nox.Session) -> None:
    """Run the default study in a new folder and draw its table, docs/table.svg; extra, as it takes minutes."""
    session.install(".")
    drawn = Path("docs/table.svg").absolute()
    with session.chdir(session.create_tmp()):
        shutil.rmtree("runs", ignore_errors=True)
        session.run("flowerablate", "run", "--disable", "morphology", *session.posargs)
        session.run("flowerablate", "report", "--out", str(drawn))


@nox.session
def native(session: nox.Session) -> None:
    """Build the C++ tests and run them."""
    _native_tests(session, "release")


@nox.session
def sanitize(session: nox.Session) -> None:
    """Run the C++ tests under the address, undefined-behaviour and thread sanitizers."""
    for preset in ("asan", "tsan"):
        _native_tests(session, preset)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Run 100,000 random chains on each instruction set under the address and undefined-behaviour sanitizers."""
    build = _build_native(session, "asan")
    for path in ("baseline", "avx2", "avx512"):
        skipped = 77  # this CPU does not have it
        session.run(
            str(build / "fuzz_chain"), *(session.posargs or ["100000"]), env={"FLOWERABLATE_SIMD": path},
            external=True, success_codes=[0, skipped],
        )  # fmt: skip


def _pinned(name: str) -> str:
    """Return the requirement of the tool *name*, as the extra ``dev`` of pyproject.toml has it."""
    extras = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
    (requirement,) = (each for each in extras["dev"] if re.split(r"[=<>\[]", each)[0] == name)
    return str(requirement)


def _native_tests(session: nox.Session, preset: str) -> None:
    session.run("ctest", "--test-dir", str(_build_native(session, preset)), "--output-on-failure")


def _build_native(session: nox.Session, preset: str) -> Path:
    session.install("cmake>=3.20", "ninja", "pybind11>=2.13")
    build = Path(session.create_tmp()) / preset
    session.run("cmake", "--preset", preset, "-B", str(build), "-G", "Ninja")
    session.run("cmake", "--build", str(build))
    return build
