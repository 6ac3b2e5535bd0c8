"""``flowerablate schema``: the JSON Schema of a study file, for editors."""

from __future__ import annotations

from pathlib import Path

from ..visible import json_text
from .echo import echo
from .listing import LocalOption, study_folder


def schema(local: LocalOption = Path()) -> None:
    """Print the JSON Schema of a study file, with the components that are installed.

    An editor for TOML uses it to complete and check a study: write it to a file, and name that file in the first line
    of the study, as in `#:schema study.schema.json`.

    \b
    Examples:
      flowerablate schema > study.schema.json
    """
    from ..contracts import SLOTS
    from ..discovery import discover
    from ..study.json_schema import json_schema

    registry = discover(study_folder(local), strict=False).registry
    found = {slot: [component.spec for component in registry.slot(slot).values()] for slot in SLOTS}
    echo(json_text(json_schema(found)))
