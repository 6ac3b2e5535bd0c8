"""What the name of a folder says of its place in a data set: a part of a split, a patient, what goes with images."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from flowerablate.data.tree import Folder

PARTS = ("train", "val", "test")
"""The parts of a split, in the order in which samples are listed."""

_PART_OF_WORD = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}
_IMAGE_WORDS = frozenset({"image", "images", "img", "imgs", "photo", "photos", "jpg", "jpeg", "png", "jpegimages"})
_FILLERS = (
    frozenset({"set", "data", "dataset", "split", "seg", "folder", "samples", "final", "official"}) | _IMAGE_WORDS
)
_GROUPS = frozenset({"patient", "pat", "pid", "person", "subject", "subj", "sub", "case", "study", "series", "scan"})
_GROUPS |= {"slide", "exam", "session", "visit", "animal", "p", "s", "id"}
_GROUPS |= {"part", "batch", "fold", "chunk", "shard", "image", "images", "img"}
_COMPANIONS = frozenset({"mask", "masks", "annotation", "annotations", "label", "labels", "segmentation"})
_COMPANIONS |= {"segmentations", "segmented", "groundtruth", "bbox", "bboxes"}
_NUMBERED = re.compile(r"(?:.*[\W_])?(?P<word>[A-Za-z]+)[\W_]*\d+[A-Za-z]{0,2}")
_PART_AND_MORE = re.compile(r"(?P<part>[A-Za-z]+?)[\W_]?(?P<more>[A-Z]|\d{1,2})")


def part_of(name: str) -> str:
    """Return the part of a split that the folder *name* stands for, such as ``seg_train``; empty for none."""
    words = [re.sub(r"(?<=.)(set|data)$", "", word) for word in re.findall(r"[a-z]+|\d+", _spaced(name).lower())]
    if len(words) > 1 and words[0].isdecimal():  # "1_train": people number folders to order them
        del words[0]
    rest = [word for word in words if word not in _FILLERS]
    return _PART_OF_WORD.get(rest[0], "") if len(rest) == 1 else ""


def has_test_word(name: str) -> bool:
    """Whether a word of *name* is one for tests, whatever else it says, as in ``rps-test-set``."""
    return any(_PART_OF_WORD.get(word) == "test" for word in re.findall("[a-z]+", _spaced(name).lower()))


def is_part_and_more(name: str) -> bool:
    """Whether *name* is that of a part of a split with something added, such as ``trainA`` or ``test_2``."""
    match = _PART_AND_MORE.fullmatch(name)
    return match is not None and bool(part_of(match["part"]))


def are_groups(names: Collection[str]) -> bool:
    """Whether *names* are those of patients, or parts of a download: such a word, and a number."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    return all(match is not None and match["word"].lower() in _GROUPS for match in matches)


def companions(folders: Sequence[Folder]) -> list[Folder]:
    """Return those of *folders*, such as ``masks``, that go with the images of a folder ``images`` beside them."""
    if not any(folder.name.lower() in _IMAGE_WORDS for folder in folders):
        return []
    return [folder for folder in folders if re.sub(r"[\W_]", "", folder.name.lower()) in _COMPANIONS]


def without_companions(folders: Sequence[Folder]) -> list[Folder]:
    """Return *folders* without their :func:`companions`."""
    left_out = {folder.name for folder in companions(folders)}
    return [folder for folder in folders if folder.name not in left_out]


def _spaced(name: str) -> str:
    """Return *name* with blanks between words that only a capital tells apart, as in ``TrainImages``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)
