"""The data set ``webdataset``: samples in tar files, each of which is the files of one name with different suffixes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.archives import tar_files, telling_damage
from flowerablate.errors import cause_of, count_of
from flowerablate.files import open_text

from .shards import Shard
from .tar_samples import TarMember, class_file, member_of, tar_shards
from .unpacked import ImageOrigin, ImageWriter, place_of, unpacked_once

_MAX_IMAGE = 1 << 28
_MAX_TEXT = 1 << 20
_DIGITS = 9
_TEXTS = ("cls", "json", "txt")
_LABELS = ("label", "class", "cls", "target", "class_name", "category", "diagnosis")


def build(context: DataContext, *, path: str, image: str, label: str, group: str) -> Samples:
    """Return the images in the tar files at *path*: one, those in a folder, or of a pattern ``name-{00..09}.tar``.

    *image*: the field of the image, such as ``left.png``; empty: the only one. *label*: the field with the class, or
    a key of the field ``json``; empty: ``cls``, a key of ``json`` such as ``label``, or ``txt``. *group*: the same for
    the group that a split must not separate; empty: none. A file ``classnames.txt`` or ``classes.txt`` beside the tar
    files, or above, names the classes 0, 1 and so on, a line each. Raises :class:`DataError` for damaged files, and
    for samples without an image or a class, which ``context.skip_bad`` leaves out.
    """
    shards = tar_shards(place_of(context, path, "webdataset", "a tar file"))
    names_file = class_file(shards[0].path)
    fields = _Fields(image.strip().lower(), label.strip(), group.strip(), _names(names_file))

    def unpack(writer: ImageWriter) -> None:
        writer.classes = fields.classes
        writer.read_as.append(count_of(len(shards), "shard"))
        if names_file:
            writer.read_as.append(f"classes named by {names_file.name}")
        for shard in shards:
            _unpack(writer, shard, fields)

    settings = {"fields": [image, label, group], "parts": [shard.part for shard in shards]}
    files = [shard.path for shard in shards] + ([names_file] if names_file else [])
    return unpacked_once(context, files, settings, unpack)


@dataclass(frozen=True)
class _Fields:
    """Which fields of a sample are read, and the names of the *classes* 0, 1 and so on."""

    image: str
    label: str
    group: str
    classes: tuple[str, ...]


@dataclass
class _Sample:
    """What one *key* has: *texts* by field, and the contents of *images* by field."""

    key: str
    texts: dict[str, bytes] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)


class _BadSampleError(Exception):
    """Why a sample cannot be used."""


def _unpack(writer: ImageWriter, shard: Shard, fields: _Fields) -> None:
    seen: set[str] = set()
    for sample in _samples(shard.path, fields):
        if sample.key in seen:
            raise DataError(f"{shard.path} holds the sample {sample.key!r} in two places; write its files side by side")
        seen.add(sample.key)
        try:
            name, content = _image(sample, fields)
            label = _label(sample, fields)
            group = _text(sample, fields.group) if fields.group else ""
        except _BadSampleError as fault:
            writer.leave_out(f"{shard.path.name}/{sample.key}", f"{shard.path}: the sample {sample.key!r} {fault}")
            continue
        top, key = f"{shard.part}/" if shard.part else "", f"{sample.key}.{name}"
        if top + key in writer.images:  # shards often count from 0
            key = f"{shard.path.name}/{key}"
        writer.write_file(top + key, content, ImageOrigin(label, shard.part, group))


def _samples(path: Path, fields: _Fields) -> Iterator[_Sample]:
    """Yield the samples of a shard; the files of one are side by side."""
    sample: _Sample | None = None
    for name, source in tar_files(path):
        member = member_of(name)
        if member is None or not _is_unicode(name):
            if member is not None:
                raise DataError(f"{path} holds {name!r}, whose name is not UTF-8; rename it")
            continue
        if sample is None or sample.key != member.key:
            if sample and (sample.images or sample.texts):
                yield sample
            sample = _Sample(member.key)
        _take(sample, member, source, path, fields)
    if sample and (sample.images or sample.texts):
        yield sample


def _take(sample: _Sample, member: TarMember, source: IO[bytes], path: Path, fields: _Fields) -> None:
    """Keep what is read of the file *member* in *sample*."""
    if member.is_image and fields.image in ("", member.field):
        sample.images[member.field] = _read(source, _MAX_IMAGE, path, member)
    elif member.field in (*_TEXTS, fields.label.lower(), fields.group.lower()):
        sample.texts[member.field] = _read(source, _MAX_TEXT, path, member)


def _read(source: IO[bytes], limit: int, path: Path, member: TarMember) -> bytes:
    with telling_damage(path):
        content = source.read(limit + 1)
    if len(content) > limit:
        raise DataError(f"{path} holds {member.key}.{member.field} of more than {limit:,} bytes; leave it out")
    return content


def _image(sample: _Sample, fields: _Fields) -> tuple[str, bytes]:
    if not sample.images:
        raise _BadSampleError(f"has no image{f' {fields.image!r}' if fields.image else ''}")
    if len(sample.images) > 1:
        raise DataError(
            f"the sample {sample.key!r} has several images, {', '.join(sample.images)}; choose one (dataset.image)"
        )
    return next(iter(sample.images.items()))


def _label(sample: _Sample, fields: _Fields) -> str:
    text = _text(sample, fields.label or _label_field(sample))
    if not fields.classes or text in fields.classes:
        return text
    if not text.isdecimal() or len(text) > _DIGITS or int(text) >= len(fields.classes):
        raise DataError(
            f"the sample {sample.key!r} has the class {text!r}, but {len(fields.classes)} are named; name all of them"
        )
    return fields.classes[int(text)]


def _label_field(sample: _Sample) -> str:
    if "cls" in sample.texts:
        return "cls"
    if "json" in sample.texts:
        known = _json(sample)
        if name := next((name for name in _LABELS if name in known), ""):
            return name
        if "txt" not in sample.texts:
            raise DataError(
                f"the sample {sample.key!r} does not say which key of its json is the class; choose one "
                f"(dataset.label): {', '.join(map(repr, list(known)[:8])) or 'none'}"
            )
    if "txt" in sample.texts:
        return "txt"
    raise _BadSampleError("has no class: no file .cls, .json or .txt")


def _text(sample: _Sample, name: str) -> str:
    """Return the text of the field *name*, or of the key *name* of the field ``json``."""
    if name.lower() in sample.texts and name.lower() != "json":
        text = sample.texts[name.lower()].decode("utf-8-sig", "replace").strip()
    else:
        value = _json(sample).get(name) if "json" in sample.texts else None
        if isinstance(value, dict | list | float):
            raise _BadSampleError(f"has {type(value).__name__} as {name!r}, not one name or number")
        text = "" if value is None else str(int(value) if isinstance(value, bool) else value).strip()
    if not text or not _is_unicode(text):
        raise _BadSampleError(f"has no {name!r}")
    return text


def _json(sample: _Sample) -> dict[str, Any]:
    try:
        known = json.loads(sample.texts["json"])
    except (ValueError, RecursionError):
        raise _BadSampleError("has a .json that cannot be read") from None
    if not isinstance(known, dict):
        raise _BadSampleError("has a .json that is no object")
    return known


def _names(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        with open_text(path, encoding="utf-8-sig") as file:
            names = tuple(line.strip() for line in file if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        cause = cause_of(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(f"cannot read {path}: {cause}; write one class on each line") from None
    if len(set(names)) < len(names):
        raise DataError(f"{path} names a class twice; give each its own name")
    return names


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)
