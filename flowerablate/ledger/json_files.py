"""Reads the ledger's JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import LedgerError


def read_json(path: Path) -> Any:
    """Read a JSON file; a damaged one raises :class:`LedgerError` with its path."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path} is damaged ({error}); remove it to run that trial again") from None
