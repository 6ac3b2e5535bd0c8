"""Groups images by the patients of their DICOM files, without keeping what identifies a patient.

A group is called by the first key of its images, as other groups of copies are. So nothing that is derived from a
PatientID is written or printed: not even a digest, which could be undone by trying all numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..contracts import IMAGE_SUFFIXES, Progress, Samples
from ..errors import DataError, count_of
from ..files import open_file
from .decode import MAX_PIXELS
from .dicom import refuse_bombs, require_pydicom
from .file_kinds import DICOM_SUFFIXES, HEAD, MissingDecoderError, is_dicom

_READ = {"PatientID": 0x00100020, "IssuerOfPatientID": 0x00100021, "StudyInstanceUID": 0x0020000D}
"""The elements that are read, with their tags; elements of a file are in the order of their tags."""

_OTHERS = IMAGE_SUFFIXES - DICOM_SUFFIXES


@dataclass(frozen=True)
class _Subject:
    """Whom a DICOM file shows, as far as it says so; never kept, written or printed."""

    patient: str
    issuer: str
    study: str


def with_patients(samples: Samples, progress: Progress) -> Samples:
    """Return *samples* in groups by the patients of their DICOM files; without such files, they are returned as given.

    Files with one PatientID are a group, unless each of them names an issuer (IssuerOfPatientID) and these differ. A
    file without a PatientID joins the files of its study (StudyInstanceUID), and a remark counts such files. Each other
    image is a group of its own. If no file has either, there are no groups, and a remark says so. ``found`` tells the
    number of groups.

    Files with the suffix of another kind of image are not looked at. Of others, only the beginning is read. Unreadable
    files are groups of their own; they are reported when they are decoded. Raises :class:`DataError` if there are DICOM
    files, but pydicom is not installed.
    """
    places = [place for place, path in enumerate(samples.paths) if path.suffix.lower() not in _OTHERS]
    subjects: dict[int, _Subject] = {}
    try:
        for done, place in enumerate(places, start=1):
            if subject := _subject_of(samples.paths[place]):
                subjects[place] = subject
            progress("reading patients", done, len(places))
    except MissingDecoderError as error:
        raise DataError(str(error)) from None
    if not subjects:
        return samples
    files = count_of(len(subjects), "DICOM file")
    names = _patients(list(subjects.values()))
    unnamed = sum(not subject.patient for subject in subjects.values())
    if not any(names):
        # Groups of one image each would say that the images are of different patients.
        remark = f"no DICOM file has a PatientID ({files}), so images of one patient may be on both sides of a split"
        return replace(samples, remarks=(*samples.remarks, remark))
    images: dict[object, list[int]] = {}
    for place, name in zip(subjects, names, strict=True):
        images.setdefault(name or place, []).append(place)
    groups = list(samples.keys)
    for members in images.values():
        name = min(samples.keys[place] for place in members)
        for place in members:
            groups[place] = name
    remarks = samples.remarks
    if unnamed:
        remark = f"{unnamed} of {files} have no PatientID; they are grouped by study, or are groups of their own"
        remarks = (*remarks, remark)
    found = f"{files} in {count_of(len(images), 'group')} by patient"
    return replace(samples, groups=tuple(groups), remarks=remarks, read_as=(*samples.read_as, found))


def _patients(subjects: Sequence[_Subject]) -> list[object]:
    """Return something equal for *subjects* that are one patient, and None for those that cannot be told."""
    without_issuer = {each.patient for each in subjects if not each.issuer}
    found: list[object] = []
    of_study: dict[str, object] = {}
    for each in subjects:
        issuer = "" if each.patient in without_issuer else each.issuer
        name = ("patient", each.patient, issuer) if each.patient else None
        found.append(name)
        if name and each.study:
            of_study.setdefault(each.study, name)
    for place, each in enumerate(subjects):
        if found[place] is None and each.study:
            found[place] = of_study.get(each.study, ("study", each.study))
    return found


def _subject_of(path: Path) -> _Subject | None:
    """Read whom the file at *path* shows; None if it is no DICOM file, or cannot be read."""
    try:
        with open_file(path) as file:
            if not is_dicom(file.read(HEAD), path.name):
                return None
            require_pydicom()
            from pydicom.filereader import read_partial

            file.seek(0)
            refuse_bombs(file, path, MAX_PIXELS)
            file.seek(0)
            tags = list(_READ.values())
            header = read_partial(file, lambda tag, *_: tag > tags[-1], force=True, specific_tags=[*tags])
            return _Subject(*(_text(header.get_item(tag)) for tag in tags))
    except MissingDecoderError:
        raise
    except Exception:  # pydicom raises almost anything on malformed files
        return _Subject("", "", "")


def _text(element: Any) -> str:
    """Return what an element holds, as it was read: pydicom would log what is wrong with it if it interpreted it."""
    value = getattr(element, "value", None)
    return " ".join(value.decode("latin-1").replace("\0", " ").split()) if isinstance(value, bytes) else ""
