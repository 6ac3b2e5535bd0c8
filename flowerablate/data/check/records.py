"""The report of a data set check: findings, each with its severity, its files and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ...contracts import Value

Severity: TypeAlias = Literal["fault", "warning", "fine"]
SEVERITIES: tuple[Severity, ...] = ("fault", "warning", "fine")
"""Worst first: results would be wrong; somebody should look; nothing to do."""


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    *name* is short and fixed, such as ``near duplicates across splits``; *text* says what was found, *advice* what to
    do (empty if there is nothing to do). *files*: groups of keys that belong together, such as the copies of one image;
    a single file is a group of one. *values*: the numbers in the text.
    """

    name: str
    severity: Severity
    text: str
    advice: str = ""
    files: tuple[tuple[str, ...], ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassFacts:
    """A class: its name, number of images, number in each official split, and medians over its readable images.

    *width* and *height* are in pixels, *aspect* is width / height, *brightness* and *contrast* are mean and standard
    deviation of the grey values, 0 to 255; *kilobytes* is the file size in 1000 bytes. All are 0 without an image.
    """

    name: str
    images: int
    splits: Mapping[str, int]
    width: float
    height: float
    aspect: float
    kilobytes: float
    brightness: float
    contrast: float


@dataclass(frozen=True)
class DataReport:
    """All *findings*, worst first, and facts about the *classes*. *images*: number of files checked."""

    images: int
    classes: tuple[ClassFacts, ...]
    findings: tuple[Finding, ...]

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of that severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    @property
    def severity(self) -> Severity:
        """The worst severity of all findings."""
        return min((finding.severity for finding in self.findings), key=SEVERITIES.index, default="fine")
