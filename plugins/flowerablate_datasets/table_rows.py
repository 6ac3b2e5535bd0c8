"""Reads tables of images (CSV, TSV or Parquet) as text; each row has the line number that an editor shows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowerablate import DataError
from flowerablate.errors import message_of
from flowerablate.files import open_text

_MISSING = {"", "nan", "<na>", "null"}
"""Spellings of a missing value, in lower case."""

SUFFIXES = {".csv", ".tsv", ".parquet", ".pq"}
"""Suffixes of readable tables, in lower case with the dot."""


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


def read_rows(path: Path, columns: Sequence[str]) -> list[TableRow]:
    """Return the rows of the table at *path*; raise :class:`DataError` if unreadable or without *columns*."""
    if not path.is_file():
        raise DataError(f"no table {path}; check the path (a relative path begins at the study's folder)")
    parquet = path.suffix.lower() in (".parquet", ".pq")
    rows = list(_parquet_rows(path, columns) if parquet else _text_rows(path, columns))
    if not rows:
        raise DataError(f"{path} has no rows below its header; add some")
    return rows


def head_of(path: Path) -> list[str]:
    """Return the column names of a CSV, or none if it cannot be read."""
    try:
        with open_text(path, encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _text_rows(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    try:
        with open_text(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            head = next(reader, [])
            _require_columns(path, head, columns)
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(head):
                    raise DataError(
                        f"{path}, row {reader.line_num} has {len(cells)} values for {len(head)} columns; put quotes "
                        "around values with commas"
                    )
                yield TableRow(path, reader.line_num, dict(zip(head, cells, strict=True)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {path} as a table: {message_of(error)}") from error


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(
            "Parquet needs pyarrow: pip install 'flowerablate[parquet]', or write the table as CSV"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            _require_columns(path, file.schema_arrow.names, columns)
            table = file.read(columns=list(columns)).to_pydict()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"cannot read {path} as Parquet: {message_of(error)}") from error
    for number, cells in enumerate(zip(*(table[column] for column in columns), strict=True), start=1):
        yield TableRow(path, number, {name: _text(cell) for name, cell in zip(columns, cells, strict=True)})


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def _require_columns(path: Path, head: Iterable[str], columns: Sequence[str]) -> None:
    names = list(head)
    lacking = [column for column in columns if column not in names]
    if lacking:
        raise DataError(f"{path} has no column {lacking[0]!r}; it has: {', '.join(names) or 'none'}")
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise DataError(f"{path} has two columns {twice[0]!r}; rename one of them")
