"""The data set ``chest-xray``: NORMAL against PNEUMONIA in ``train``, ``val`` and ``test`` (Kermany et al. 2018).

Files tell the patient: ``person12_bacteria_47.jpeg``, ``IM-0115-0001.jpeg``, ``NORMAL2-IM-0381-0001.jpeg``. In the
public set 170 numbers stand in train and in test, each of them with bacteria on one side and virus on the other, and no
number with the same word on both. So the two words seem to be two series of numbers, and are read so by default.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from flowerablate import DataContext, DataError, Samples

from .folder import scan
from .places import folder_of

_CLASSES = ("NORMAL", "PNEUMONIA")
_PERSON = re.compile(r"(?P<number>person\d+)_(?P<series>[A-Za-z]+)_")
_NORMAL = re.compile(r"(?P<number>(NORMAL\d*-)?IM-\d+)-")
_WHAT = "train/ and test/ with NORMAL/ and PNEUMONIA/ in each"


def build(context: DataContext, *, path: str, validation: str, patients: str) -> Samples:
    """Return the X-rays below *path*, a folder or an archive, with their official split and patients as groups.

    *validation*: ``redrawn`` joins the official validation part (16 images) to the training part, of which a new one
    is drawn by patients; ``official`` keeps it. *patients*: ``series`` takes ``person1_bacteria`` and ``person1_virus``
    for two, ``number`` for one.
    """
    if not path.strip():
        raise DataError("the chest-xray data set needs to know which folder: give --data PATH, or path under [dataset]")
    folder = folder_of(context, path, is_chest_xray, _WHAT)
    if not is_chest_xray(folder):
        raise DataError(f"{folder} does not hold {_WHAT}")
    samples = scan(folder, skip_bad=context.skip_bad)
    splits = samples.splits or ()
    if validation == "redrawn":
        splits = tuple("train" if split == "val" else split for split in splits)
    found = [patient_of(key, series=patients == "series") for key in samples.keys]
    groups = tuple(group or key for group, key in zip(found, samples.keys, strict=True))
    remarks = [*_shared(samples.keys, splits)] if patients == "series" else []
    if None in found:
        remarks.append(
            f"{found.count(None)} files do not tell their patient by their name; each counts as one of its own"
        )
    return replace(samples, splits=splits, groups=groups, remarks=tuple(remarks))


def is_chest_xray(folder: Path) -> bool:
    """Whether *folder* has that layout."""
    return all((folder / part / name).is_dir() for part in ("train", "test") for name in _CLASSES)


def patient_of(key: str, *, series: bool) -> str | None:
    """Return the patient that the file name of *key* tells, with the word behind the number if *series*, or None."""
    name = PurePosixPath(key).name
    person = _PERSON.match(name)
    if person:
        return f"{person['number']}_{person['series']}" if series else person["number"]
    normal = _NORMAL.match(name)
    return normal["number"] if normal else None


def _shared(keys: tuple[str, ...], splits: tuple[str, ...]) -> list[str]:
    """Say how many numbers are on both sides of the official split, though not with the same word."""
    sides: dict[str, set[str]] = {}
    for key, split in zip(keys, splits, strict=True):
        patient = patient_of(key, series=False)
        if patient:
            sides.setdefault(patient, set()).add(split)
    shared = [patient for patient, found in sides.items() if "test" in found and len(found) > 1]
    if not shared:
        return []
    numbers = f"{len(shared)} patient numbers, such as {min(shared)}, are" if len(shared) > 1 else f"{shared[0]} is"
    return [
        f"{numbers} in the official test part and outside it; bacteria "
        "and virus are taken for two series of numbers, so these count as different patients (dataset.patients = "
        "'number' takes them for one)"
    ]
