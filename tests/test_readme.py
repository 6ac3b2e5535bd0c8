"""The README keeps its word: its lines are those that are checked."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def shell_lines() -> list[str]:
    blocks = re.findall(r"```(?:bash|sh|shell)\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_ci_runs_the_test_line_of_the_readme_word_for_word():
    lines = [line for line in shell_lines() if "pytest" in line]
    assert len(lines) == 1
    assert lines[0] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_readme_has_one_line_that_sets_up_and_runs_the_main_job():
    lines = [line for line in shell_lines() if line.endswith("flowerablate run --disable morphology")]
    assert len(lines) == 1
    assert lines[0].startswith("python3 -m venv .venv && ")


def test_every_link_of_the_documents_leads_somewhere():
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), (document.name, target)


def test_every_command_of_the_readme_exists():
    from flowerablate.cli.loading import ENTRIES

    used = set(re.findall(r"^flowerablate (\w+)", "\n".join(shell_lines()), flags=re.MULTILINE))
    assert used
    assert used <= set(ENTRIES)
