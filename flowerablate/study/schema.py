"""The schema of a study file: tables, keys and types. Component parameters are checked later, against their specs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, create_model
from pydantic_core import ErrorDetails, PydanticCustomError

from ..contracts import SPECS, ComponentSpec, Rules, SplitMethod, slots
from ..errors import StudyError, nearest
from .origin import Origin


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ComponentTable(BaseModel):
    """A component's name (``use``) and, next to it, its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    use: str

    @property
    def params(self) -> dict[str, Any]:
        """The parameters that the study sets."""
        return dict(self.model_extra or {})


class StepTable(ComponentTable):
    """A step of the pipeline; ``removable = false`` keeps it out of the ablation."""

    removable: bool = True


class InputTable(_Table):
    """The model's input: square images of ``image_size`` pixels with ``channels`` colour channels.

    ``bits``: bits per channel at which files are decoded; 16 preserves X-rays until a step converts to 8 bits.
    """

    image_size: Annotated[int, Field(ge=8, le=1024)]
    channels: Literal[1, 3, 4]
    bits: Literal[8, 16]


def _as_text(value: object) -> object:
    """Convert ``subset = 100`` to ``"100"`` and drop spaces, so each subset has one spelling."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.replace(" ", "") if isinstance(value, str) else value


class SplitTable(_Table):
    """How the images are split: see :class:`flowerablate.contracts.SplitPlan`."""

    method: SplitMethod
    validation: Annotated[float, Field(gt=0, lt=1)]
    test: Annotated[float, Field(gt=0, lt=1)]
    folds: Annotated[int, Field(ge=2)]
    subset: Annotated[str, BeforeValidator(_as_text)]


DesignName = Literal[
    "leave-one-out", "add-one-in", "pairwise", "factorial", "fractional", "fractional-3", "fractional-5", "shapley"
]


def _renamed_control(value: object) -> object:
    """Read ``luck``, the seed control's old name."""
    return "seed_control" if value == "luck" else value


Control = Annotated[Literal["placebo", "seed_control"], BeforeValidator(_renamed_control)]


class AblationTable(_Table):
    """The design: which questions to ask (see :mod:`flowerablate.study.designs`), and on how many replicates.

    ``disable`` names components; if it is empty, all removable ones are used, unless there are swaps or settings.
    """

    seeds: Annotated[int, Field(ge=1, le=1000)]
    design: list[DesignName]
    disable: list[str]
    swap: list[str]
    vary: list[str]
    retune: list[str]
    controls: list[Control]
    until_decided: bool
    max_seeds: Annotated[int, Field(ge=2, le=1000)]
    futility: Annotated[float, Field(ge=0, lt=1)]


class MetricsTable(_Table):
    """The metrics: verdicts use ``primary``; ``secondary`` ones get intervals only."""

    primary: str
    secondary: list[str]


class StatisticsTable(_Table):
    """The rules for verdicts: see :class:`flowerablate.contracts.Rules`."""

    level: Annotated[float, Field(ge=0.5, lt=1)]
    margin: Annotated[float, Field(gt=0)] | None = None
    population: Literal["auto", "replicates", "images"]
    min_replicates: Annotated[int, Field(ge=2, le=1000)] = Rules.min_replicates
    reserve: Annotated[float, Field(ge=0, lt=1)] = Rules.reserve
    test: Literal["t", "modified-t"] = Rules.test
    family: Literal["holm", "max-t"] = Rules.family


def _number_or_auto(value: object) -> object:
    """Read ``auto`` as 0, and a number that was typed as a text."""
    if value == "auto":
        return 0
    if isinstance(value, str) and not value.isdecimal():
        raise PydanticCustomError("number_or_auto", "Give a number, or auto")
    return int(value) if isinstance(value, str) else value


def _device(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"cpu|cuda|cuda:\d+", value):
        raise PydanticCustomError("device", "Name cpu, cuda, or one GPU, such as cuda:1")
    return value


def _seconds_as_text(value: object) -> object:
    """Read a number as so many seconds, which are written as a time."""
    return f"{_decimal(value)}s" if _is_number(value) else value


def _bytes_as_text(value: object) -> object:
    """Read a number as so many bytes, which are written as a size."""
    return f"{_decimal(value / 1024)}K" if isinstance(value, int | float) and _is_number(value) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decimal(value: object) -> str:
    return f"{Decimal(str(value)):f}"


_Time = Annotated[str, BeforeValidator(_seconds_as_text)]
_Size = Annotated[str, BeforeValidator(_bytes_as_text)]


class ExecutionTable(_Table):
    """How trials run, which changes no result but for ``threads``; 0 and empty texts leave the choice to flowerablate.

    ``jobs``: how many at once, or ``auto``. ``threads``: how many each computes with. ``devices``: such as
    ``["cuda:0", "cuda:1"]``; empty: all CUDA devices, or the CPU. ``per_device``: trials at once on one of them.
    ``trial_timeout`` and ``stall_timeout``: times such as ``2h``, or seconds, of a trial and without a step.
    ``retries``: further attempts at a trial that fails. ``fail_fast``: stop at the first failure. ``memory``: the limit
    of a trial, such as ``8GB``, or bytes. ``detach``: hand the trials over and do not wait for them, if the executor
    has a queue of its own.
    """

    jobs: Annotated[int, BeforeValidator(_number_or_auto), Field(ge=0, le=100_000)] = 0
    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    devices: list[Annotated[str, BeforeValidator(_device)]] = Field(default_factory=list)
    per_device: Annotated[int, Field(ge=1, le=64)] = 1
    trial_timeout: _Time = ""
    stall_timeout: _Time = "1h"
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    fail_fast: bool = False
    memory: _Size = ""
    detach: bool = False


class TunedTable(_Table):
    """How the base was tuned, as ``flowerablate tune`` writes it: see :class:`flowerablate.contracts.TunedBase`."""

    settings: list[str]
    trials: Annotated[int, Field(ge=1)]
    metric: str


class StudyFile(_Table):
    """A study as written: these tables; :func:`study_model` adds one per slot."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
    input: InputTable
    split: SplitTable
    steps: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")], StepTable]
    ablation: AblationTable
    metrics: MetricsTable
    statistics: StatisticsTable
    execution: ExecutionTable = Field(default_factory=ExecutionTable)
    trackers: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")], ComponentTable] = Field(
        default_factory=dict
    )
    tuned: TunedTable | None = None

    _origin: Origin = PrivateAttr(default_factory=Origin)

    def from_file(self, origin: Origin) -> StudyFile:
        """Note where the keys are from, and return the study."""
        self._origin = origin
        return self

    def blamed(self) -> AbstractContextManager[None]:
        """Have a :class:`StudyError` about what the file of the study says name the file."""
        return self._origin.blaming(type(self).model_fields)

    @property
    def components(self) -> dict[str, ComponentTable]:
        """The tables of the components of the pipeline, by slot."""
        return {slot: getattr(self, slot) for slot in slots(number="one", in_pipeline=True)}

    def table(self, spec: type[ComponentSpec]) -> ComponentTable:
        """The table of a slot that holds one component."""
        found: ComponentTable = getattr(self, spec.slot)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        # The type is made from the list of slots, so no other process finds it by its name: the content travels alone.
        return _rebuilt, (self.model_dump(exclude_unset=True), self._origin)


def _rebuilt(content: dict[str, Any], origin: Origin) -> StudyFile:
    return study_model().model_validate(content).from_file(origin)


def _single_slots() -> tuple[str, ...]:
    return slots(number="one")


def study_model() -> type[StudyFile]:
    """Return the type of a study, with a table for each slot that holds one component."""
    return _study_model(_single_slots())


@lru_cache
def _study_model(names: tuple[str, ...]) -> type[StudyFile]:
    tables: dict[str, Any] = dict.fromkeys(names, (ComponentTable, ...))
    return create_model(StudyFile.__name__, __base__=StudyFile, **tables)


def component_tables() -> frozenset[str]:
    """Return the names of the tables that hold components."""
    return frozenset(filter(None, (spec.table() for spec in SPECS.values())))


def parse(tables: dict[str, Any], source: str, asked: Mapping[str, str] | None = None) -> StudyFile:
    """Check *tables* and return them typed; the first error raises :class:`StudyError` that names key and source.

    *source*: where the tables are from; *asked* has the source of each dotted key that is from elsewhere.
    """
    try:
        return study_model().model_validate(_with_default_uses(tables))
    except ValidationError as error:
        at = _where(error.errors(include_url=False)[0])
        others = (other for key, other in (asked or {}).items() if f"{at}.".startswith(f"{key}."))
        raise StudyError(f"{next(others, source)}: {_first_fault(error)}") from None


def _with_default_uses(tables: dict[str, Any]) -> dict[str, Any]:
    """Fill in the default component of each slot that has one."""
    named = dict(tables)
    for slot in _single_slots():
        use, table = SPECS[slot].default_use, tables.get(slot, {})
        if use and isinstance(table, dict):
            named[slot] = {"use": use, **table}
    return named


def _first_fault(error: ValidationError) -> str:
    faults = error.errors(include_url=False)
    fault = faults[0]
    where = _where(fault)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        *table, key = (str(part) for part in fault["loc"])
        return f"unknown key {where!r}; {nearest(key, _known_keys(table))}{more}"
    if fault["type"] == "missing":
        return f"{where} is missing{more}"
    if fault["type"] == "string_pattern_mismatch":
        return (
            f"{where}: use letters, digits, '-' and '_', starting with a letter or digit, not {fault['input']!r}{more}"
        )
    if fault["type"] == "literal_error" and (words := re.findall(r"'([^']+)'", fault["ctx"]["expected"])):
        where = ".".join(part for part in fault["loc"] if isinstance(part, str))  # without the index in a list
        return f"{where}: there is no {fault['input']!r}; {nearest(str(fault['input']), words)}{more}"
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{where}: {message}, not {fault['input']!r}{more}"


def _where(fault: ErrorDetails) -> str:
    return ".".join(str(part) for part in fault["loc"] if part != "[key]")


def _known_keys(table: list[str]) -> list[str]:
    model: type[BaseModel] = study_model()
    for part in table:
        annotation = model.model_fields[part].annotation
        tables = [
            each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and each is not NoneType
        ]
        model = tables[0]
    return list(model.model_fields)
