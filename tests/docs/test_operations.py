"""docs/reference/operations.md says what the components say of themselves."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_document_of_the_operations_is_what_its_script_writes():
    command = [sys.executable, DOCS / "operations.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
