"""The data set ``chest-xray``: NORMAL against PNEUMONIA in ``train``, ``val`` and ``test`` (Kermany et al. 2018).

File names identify the patient: ``person12_bacteria_47.jpeg``, ``IM-0115-0001.jpeg``, ``NORMAL2-IM-0381-0001.jpeg``.
In the public set 170 numbers occur in both train and test, each with bacteria in one part and virus in the other; no
number has the same word in both. The two words therefore seem to be two series of numbers, and are read so by default.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from flowerablate import DataContext, DataError, Samples

from .folder import CHEST_XRAYS, scan
from .places import folder_of

_PERSON = re.compile(r"(?P<number>person\d+)_(?P<series>[A-Za-z]+)_")
_NORMAL = re.compile(r"(?P<number>(NORMAL\d*-)?IM-\d+)-")
_WHAT = "train/ and test/ with NORMAL/ and PNEUMONIA/ in each"


def build(context: DataContext, *, path: str, validation: str, patients: str) -> Samples:
    """Return the X-rays below *path*, a folder or an archive, with their official split and patients as groups.

    *validation*: ``redrawn`` adds the official validation part (16 images) to the training part, from which a new one
    is drawn by patients; ``official`` keeps it. *patients*: ``series`` treats ``person1_bacteria`` and
    ``person1_virus`` as two patients, ``number`` as one. Raises :class:`DataError` if the folder has another layout.
    """
    if not path.strip():
        raise DataError("the chest-xray data set needs a folder; name it as the data, or as path under [dataset]")
    folder = folder_of(context, path, is_chest_xray, _WHAT)
    samples = scan(folder, skip_bad=context.skip_bad)
    splits = samples.splits or ()
    if validation == "redrawn":
        splits = tuple("train" if split == "val" else split for split in splits)
    found = [patient_of(key, series=patients == "series") for key in samples.keys]
    groups = tuple(group or key for group, key in zip(found, samples.keys, strict=True))
    remarks = [*_shared(samples.keys, splits)] if patients == "series" else []
    if None in found:
        remarks.append(
            f"files whose names do not identify a patient: {found.count(None)}; each counts as a separate patient"
        )
    return replace(samples, splits=splits, groups=groups, remarks=tuple(remarks))


def is_chest_xray(folder: Path) -> bool:
    """Return whether *folder* has this layout."""
    return all((folder / part / name).is_dir() for part in ("train", "test") for name in CHEST_XRAYS)


def patient_of(key: str, *, series: bool) -> str | None:
    """Return the patient in the file name of *key*, with the word after the number if *series*, or None."""
    name = PurePosixPath(key).name
    person = _PERSON.match(name)
    if person:
        return f"{person['number']}_{person['series']}" if series else person["number"]
    normal = _NORMAL.match(name)
    return normal["number"] if normal else None


def _shared(keys: tuple[str, ...], splits: tuple[str, ...]) -> list[str]:
    """Return a remark if numbers are on both sides of the official split."""
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
        "and virus are read as two series of numbers, so these count as different patients (dataset.patients = "
        "'number' counts them as one)"
    ]
