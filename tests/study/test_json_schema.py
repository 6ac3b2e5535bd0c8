"""The JSON Schema of a study file says what the program accepts."""

from pathlib import Path

import jsonschema
import pytest
import tomllib

from flowerablate.contracts import SLOTS
from flowerablate.discovery import discover
from flowerablate.study.json_schema import json_schema

ROOT = Path(__file__).parents[2]
STUDIES = [*sorted((ROOT / "templates").glob("*.toml")), *sorted((ROOT / "examples").glob("*/*.toml"))]


@pytest.fixture(scope="module")
def check():
    registry = discover().registry
    schema = json_schema({slot: [each.spec for each in registry.slot(slot).values()] for slot in SLOTS})
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: validator.validate(tomllib.loads(text))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_studies_of_the_project_are_valid(check, path):
    check(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "[train]\nepochs = 3",
        "[execution]\njobs = 'auto'\ntrial_timeout = 90\nmemory = '8GB'",
        "[split]\nsubset = 100",
        "[steps.a]\nuse = 'normalize'\nmean = 0.5\nremovable = false",
        "[trackers.log]\nuse = 'csv'",
        "[dataset]\nuse = 'folder'\ngroups = 'groups.csv'\nexclude = 'exclude.txt'",
    ],
)
def test_what_may_be_left_out_or_said_in_another_type_is_valid(check, text):
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "[trian]\nepochs = 3",
        "[train]\nepochs = 'many'",
        "[train]\nepohcs = 3",
        "[model]\nuse = 'resnet7'",
        "[model]\nwidth = 8",
        "[model]\nuse = 'resnet8'\nwidht = 8",
        "[steps.a]\nuse = 'morphology'\nop = 'opne'",
        "[steps.a]\nuse = 'morphology'\nsize = -1",
        "[ablation]\nseeds = 0",
    ],
)
def test_what_the_program_refuses_is_not(check, text):
    with pytest.raises(jsonschema.ValidationError):
        check(text)
