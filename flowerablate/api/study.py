"""A study as Python has it: a file or the default one, and what is laid over it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..contracts import DatasetSpec
from ..errors import StudyError
from .caller import files_in_one_line
from .option_values import CONTROLS, keys_of, path_of, text, written
from .options import StudyOptions, Unpack, spelled_out

if TYPE_CHECKING:
    from ..discovery import Catalogue
    from ..study.schema import StudyFile
    from ..wiring.assemble import Assembler

STUDY_FILE = Path("study.toml")
COMMAND_LINE = "command line"
"""The source of a study whose options were typed: messages write them as they are typed."""


@dataclass(frozen=True, repr=False)
class Study:
    """A study: the file at *path*, or the default one, with the images at *data* in place of its own.

    *data* is a folder with one subfolder per class, an archive, a table, or what another data set reads. A study is
    never changed: :meth:`override` and :meth:`ask` return another one. Errors of what it says are
    :class:`~flowerablate.StudyError`, those of its images :class:`~flowerablate.DataError`: one line with the cure.
    """

    path: Path | str | None = None
    data: Path | str | None = None
    keys: Mapping[str, object] = field(default_factory=dict)
    """Keys of the study that options have set, such as ``ablation.seeds``, and their values."""
    overrides: tuple[str | tuple[str, object], ...] = ()
    """What is laid over all else, as ``KEY=VALUE`` or as a pair."""
    source: str = "study"
    """What messages call the study where it is no file."""

    def __post_init__(self) -> None:
        given: Any = self.overrides
        pairs = [given] if isinstance(given, str) else given.items() if isinstance(given, Mapping) else given
        object.__setattr__(self, "overrides", _checked(pairs))
        for name in ("path", "data"):
            if getattr(self, name) is not None:
                path_of(getattr(self, name), name)

    @classmethod
    @files_in_one_line()
    def read(cls, path: Path | str | None = None, data: Path | str | None = None) -> Study:
        """Return the study in the file *path*; without one, ``study.toml`` if it is here, else the default study.

        Raises :class:`~flowerablate.StudyError` where the file is missing or no TOML; what it says is checked once
        everything is laid over it.
        """
        from ..study.read import load_toml

        found = path or (STUDY_FILE if STUDY_FILE.is_file() else None)
        if found is not None:
            load_toml(path_of(found, "study"))
        return cls(found, data)

    def override(self, key: str, value: object) -> Study:
        """Return the study with *key*, such as ``train.epochs`` or ``steps.flip.probability``, at *value*.

        A component is named by ``use``: ``override("model.use", "resnet14")`` has that model's own defaults.
        """
        return replace(self, overrides=(*self.overrides, (key, value)))

    @spelled_out
    def ask(self, **options: Unpack[StudyOptions]) -> Study:
        """Return the study with other questions, replicates or rules; the options are those of ``fa.run``."""
        keys = {key: _plain(value) for key, value in keys_of(options, dashes=self.source == COMMAND_LINE).items()}
        before, added = (cast("list[str]", each.get(CONTROLS, [])) for each in (self.keys, keys))
        if before and added:
            keys[CONTROLS] = list(dict.fromkeys([*before, *added]))
        return replace(self, keys={**self.keys, **keys})

    def written(self, option: str) -> str:
        """Return *option* as who asks wrote it: ``max_seeds``, or ``--max-seeds`` on the command line."""
        return written(option, dashes=self.source == COMMAND_LINE)

    @property
    def folder(self) -> Path:
        """The folder of the study file: where relative paths begin, and ``flowerablate_local.py`` is looked for."""
        return (Path(self.path).parent if self.path else Path()).absolute()

    @property
    def name(self) -> str:
        """The name of the study, under which its ledger is kept."""
        return self.file.name

    @cached_property
    def catalogue(self) -> Catalogue:
        """The plugins that the study can use, and those that failed."""
        from ..discovery import discover

        return discover(self.folder)

    @cached_property
    @files_in_one_line()
    def file(self) -> StudyFile:
        """The study with all that is laid over it, checked.

        Raises :class:`~flowerablate.StudyError` for the first fault, :class:`~flowerablate.DataError` where nothing can
        read *data*.
        """
        from ..study.read import read_study, study_name
        from ..study.templates import default_study
        from ..wiring.assemble import data_choice

        keys = copy.deepcopy(dict(self.keys))
        if self.data is not None:
            data = Path(self.data)
            choice = data_choice(self.catalogue.registry, data)
            keys[DatasetSpec.slot] = {"use": choice.use, **choice.params}
            if self.path is None:
                keys["name"] = study_name(data.absolute().name)
        path = None if self.path is None else Path(self.path)
        return read_study(default_study(), path, copy.deepcopy(self.overrides), keys, source=self.source)

    def assembler(self) -> Assembler:
        """Return what builds the components that the study names."""
        from ..wiring.assemble import make_assembler

        return make_assembler(self.catalogue.registry, self.folder)

    def __repr__(self) -> str:
        parts = [] if self.path is None else [repr(str(self.path))]
        parts += [] if self.data is None else [f"data={str(self.data)!r}"]
        parts += [f"{key}={value!r}" for key, value in self.keys.items()]
        parts += [each if isinstance(each, str) else f"{each[0]}={each[1]!r}" for each in self.overrides]
        return f"<Study {' '.join(parts) or '(the default study)'}>"


def _checked(pairs: object) -> tuple[str | tuple[str, object], ...]:
    """Return what a study is overridden with, or raise :class:`StudyError` where it is no text and no pair."""
    if not isinstance(pairs, Iterable):
        raise StudyError(f"overrides: give strings such as train.epochs=3, or pairs, not {pairs!r}")
    found: list[str | tuple[str, object]] = []
    for each in pairs:
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, list | tuple) and len(each) == 2:
            found.append((text(each[0], "the key to override"), _plain(each[1])))
        else:
            raise StudyError(f"overrides: give a string such as train.epochs=3, or a pair, not {each!r}")
    return tuple(found)


def _plain(value: object) -> object:
    """Return *value* as TOML could give it: a path as text, what has an order as a list, NumPy's numbers as Python's.

    An iterator becomes a list here, for it can be read only once.
    """
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | range | Iterator):
        return [_plain(each) for each in value]
    tolist = getattr(value, "tolist", None)
    return tolist() if callable(tolist) else value
