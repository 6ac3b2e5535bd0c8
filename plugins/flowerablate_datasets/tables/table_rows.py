"""Reads tables (CSV, TSV, JSON lines or Parquet) as text; each row has the line number that an editor shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowerablate import DataError
from flowerablate.errors import message_of
from flowerablate.files import open_text

_MISSING = {"", "nan", "<na>", "null"}
"""Spellings of a missing value, in lower case."""

_PARQUET = (".parquet", ".pq")
_JSON_LINES = (".jsonl", ".ndjson")

SUFFIXES = {".csv", ".tsv", *_PARQUET, *_JSON_LINES}
"""Suffixes of readable tables, in lower case with the dot."""

_SEPARATORS = ",;\t|"
"""What may separate the values of a text, the most usual first."""


@dataclass(frozen=True)
class TableRow:
    """One row of the table *path*: its *number* (of the line; in Parquet the row, from 1) and its *values*."""

    path: Path
    number: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Return the value in *column*; a missing value, such as NaN, raises :class:`DataError`."""
        value = self.values[column].strip()
        if value.lower() in _MISSING:
            raise self.fault(f"has no {column!r} (it is empty or NaN); fill it in, or remove the row")
        return value

    def fault(self, what: str) -> DataError:
        """Return an error about this row, followed by *what*."""
        return DataError(f"{self.path}, row {self.number} {what}")


@dataclass(frozen=True)
class LabelTable:
    """A table: its *columns* that hold numbers or texts, and its *rows*, at least one."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def require(self, columns: Iterable[str]) -> None:
        """Raise :class:`DataError` for the first of *columns* that the table lacks, or has twice."""
        for column in columns:
            if column not in self.columns:
                raise DataError(f"{self.path} has no column {column!r}; it has: {', '.join(self.columns) or 'none'}")
            if self.columns.count(column) > 1:
                raise DataError(f"{self.path} has two columns {column!r}; rename one of them")


def read_table(path: Path) -> LabelTable:
    """Return the table at *path*; raise :class:`DataError` if it cannot be read, or has no rows."""
    if not path.is_file():
        raise DataError(f"no table {path}; check the path (a relative path begins at the study's folder)")
    suffix = path.suffix.lower()
    read = _read_parquet if suffix in _PARQUET else _read_json_lines if suffix in _JSON_LINES else _read_text
    table = read(path)
    if not table.rows:
        raise DataError(f"{path} has no rows{' below its header' if read is _read_text else ''}; add some")
    return table


def read_rows(path: Path, columns: Sequence[str]) -> list[TableRow]:
    """Return the rows of the table at *path*; raise :class:`DataError` if unreadable or without *columns*."""
    table = read_table(path)
    table.require(columns)
    return list(table.rows)


def head_of(path: Path) -> list[str]:
    """Return the column names of a text, or none if it cannot be read."""
    try:
        with open_text(path, encoding="utf-8-sig", newline="") as file:
            return next(_cells(file.readline()), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def json_head_of(path: Path) -> list[str]:
    """Return the keys of the first object of a file of JSON lines, or none if it cannot be read."""
    try:
        with open_text(path, encoding="utf-8-sig") as file:
            first = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return []
    return list(first) if isinstance(first, dict) else []


def _cells(head: str, rest: Iterable[str] = ()) -> Iterator[list[str]]:
    """Return a reader of the lines *head* and *rest*, separated by what divides the head into the most columns."""
    lengths = {mark: len(next(csv.reader([head], delimiter=mark), [])) for mark in _SEPARATORS}
    mark = max(lengths, key=lambda each: lengths[each])
    reader = csv.reader(_joined(head, rest), delimiter=mark)
    return iter(reader)


def _joined(head: str, rest: Iterable[str]) -> Iterator[str]:
    yield head
    yield from rest


def _read_text(path: Path) -> LabelTable:
    rows = []
    try:
        with open_text(path, encoding="utf-8-sig", newline="") as file:
            reader: Any = _cells(file.readline(), file)
            head = [name.strip() for name in next(reader, [])]
            for cells in reader:
                if not any(cells):
                    continue
                if len(cells) != len(head):
                    raise DataError(
                        f"{path}, row {reader.line_num} has {len(cells)} values for {len(head)} columns; put quotes "
                        "around values with commas"
                    )
                rows.append(TableRow(path, reader.line_num, dict(zip(head, cells, strict=True))))
    except UnicodeDecodeError as error:
        raise DataError(f"cannot read {path} as a table: {message_of(error)}; save it in UTF-8") from error
    except (OSError, csv.Error) as error:
        raise DataError(f"cannot read {path} as a table: {message_of(error)}") from error
    return LabelTable(path, tuple(head), tuple(rows))


def _read_json_lines(path: Path) -> LabelTable:
    rows: list[TableRow] = []
    columns: dict[str, None] = {}
    try:
        with open_text(path, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                found = json.loads(line)
                if not isinstance(found, dict):
                    raise DataError(f"{path}, row {number} is no object; write one in braces on each line")
                values = {name: _text(value) for name, value in found.items() if not isinstance(value, dict | list)}
                columns |= dict.fromkeys(values)
                rows.append(TableRow(path, number, values))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DataError(f"cannot read {path} as JSON lines: {message_of(error)}") from error
    empty = dict.fromkeys(columns, "")
    return LabelTable(path, tuple(columns), tuple(TableRow(path, row.number, empty | row.values) for row in rows))


def _read_parquet(path: Path) -> LabelTable:
    try:
        import pyarrow
        from pyarrow import parquet, types
    except ImportError:
        raise DataError(
            "Parquet needs pyarrow: pip install 'flowerablate[parquet]', or write the table as CSV"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            columns = [
                field.name for field in schema if not types.is_nested(field.type) and not _is_binary(types, field.type)
            ]
            values = file.read(columns=list(dict.fromkeys(columns))).to_pydict()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"cannot read {path} as Parquet: {message_of(error)}") from error
    names = list(values)
    rows = (dict(zip(names, map(_text, cells), strict=True)) for cells in zip(*values.values(), strict=True))
    return LabelTable(
        path, tuple(columns), tuple(TableRow(path, number, row) for number, row in enumerate(rows, start=1))
    )


def _is_binary(types: Any, kind: Any) -> bool:
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
