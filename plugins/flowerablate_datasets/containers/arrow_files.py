"""Reads Parquet and Arrow files whose content nobody has vouched for, a few rows at a time; needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flowerablate import DataError
from flowerablate.errors import message_of
from flowerablate.files import open_file, require_file

PARQUET = (".parquet", ".pq")
SUFFIXES = (*PARQUET, ".arrow")

_MAX_TEXT = 10_000
_FILE_MAGIC = b"ARROW1"
_BUFFER = 1 << 20
"""Bytes of a column that are read at once; without it, pyarrow reads a whole group of rows."""


def has_pyarrow() -> bool:
    """Whether pyarrow is installed."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def schema_of(path: Path) -> Any:
    """Return the pyarrow.Schema of the file at *path*; raises :class:`DataError` if it cannot be read."""
    with _told(path):
        if path.suffix.lower() in PARQUET:
            with _parquet(path) as file:
                schema = file.schema_arrow
        else:
            schema = _stream(path)[0]
        for field in schema:
            _read_names(field)
        return schema


def rows_of(path: Path, columns: Sequence[str], at_once: int) -> Iterator[tuple[Any, ...]]:
    """Yield the values of *columns* in each row, as Python objects; *at_once* rows are in memory.

    Raises :class:`DataError` if the file is damaged, or has texts too long for so many rows.
    """
    names = list(dict.fromkeys(columns))
    batches = _parquet_batches if path.suffix.lower() in PARQUET else _arrow_batches
    found = batches(path, names, at_once)
    while True:
        with _told(path):
            batch = next(found, None)
            if batch is None:
                return
            read = [batch.column(batch.schema.names.index(name)) for name in columns]
            if at_once > 1:
                _require_short(read, path)
            values = [column.to_pylist() for column in read]
        yield from zip(*values, strict=True)


def class_names_of(schema: Any) -> dict[str, list[str]]:
    """Return the names of the classes of each column that ``datasets`` notes as a ``ClassLabel`` in *schema*."""
    try:
        noted = json.loads((schema.metadata or {})[b"huggingface"])
        features = noted["info"]["features"]
        return {
            name: [str(each) for each in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature["names"], list)
        }
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):  # a note that is none of theirs
        return {}


def _read_names(field: Any) -> None:
    """Read the names of *field* and of what it is made of, which raises ValueError if one is not UTF-8."""
    from pyarrow import types

    _ = field.name
    if types.is_struct(field.type):
        for inner in field.type:
            _read_names(inner)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        import pyarrow
    except ImportError:
        raise DataError(f"{path} needs pyarrow: pip install 'flowerablate[parquet]'") from None
    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"cannot read {path}: {message_of(error)}; it may be damaged: get it again") from error


@contextmanager
def _parquet(path: Path, as_dictionaries: Sequence[str] = ()) -> Iterator[Any]:
    from pyarrow import parquet

    with (
        open_file(path) as raw,
        parquet.ParquetFile(raw, read_dictionary=list(as_dictionaries), pre_buffer=False, buffer_size=_BUFFER) as file,
    ):
        yield file


def _parquet_batches(path: Path, names: list[str], at_once: int) -> Iterator[Any]:
    # As a dictionary, a long text that is stored once for all rows is in memory once.
    with _parquet(path, names if at_once > 1 else ()) as file:
        yield from file.iter_batches(batch_size=at_once, columns=names, use_threads=False)


def _require_short(columns: Sequence[Any], path: Path) -> None:
    from pyarrow import compute, types

    for column in columns:
        texts = column.dictionary if types.is_dictionary(column.type) else column
        if types.is_string(texts.type) or types.is_large_string(texts.type):
            longest = compute.max(compute.binary_length(texts)).as_py() or 0
            if longest > _MAX_TEXT:
                raise DataError(f"{path} has a text of {longest:,} bytes as a class or group; choose another column")


def _arrow_batches(path: Path, names: list[str], at_once: int) -> Iterator[Any]:
    _, batches = _stream(path)
    for batch in batches():
        chosen = batch.select(names)
        chosen.validate(full=True)  # offsets are read from the file as they are
        for start in range(0, batch.num_rows, at_once):
            yield chosen.slice(start, at_once)


def _stream(path: Path) -> tuple[Any, Callable[[], Iterator[Any]]]:
    """Return the schema of the Arrow file at *path*, mapped into memory, and what yields its batches."""
    import pyarrow

    require_file(path)
    source = pyarrow.memory_map(str(path))
    if source.read(len(_FILE_MAGIC)) == _FILE_MAGIC:
        file = pyarrow.ipc.open_file(source)
        return file.schema, lambda: (file.get_batch(number) for number in range(file.num_record_batches))
    source.seek(0)
    stream = pyarrow.ipc.open_stream(source)
    return stream.schema, lambda: iter(stream)
