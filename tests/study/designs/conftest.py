"""Made-up pipelines of any number of removable steps, and games: a value for each set of steps that are there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from flowerablate.contracts import Contrast, Design, Pipeline, StepChoice
from flowerablate.study.designs import design

Names = frozenset[str]


@dataclass(frozen=True)
class Study:
    """A design and which steps each of its variants has."""

    design: Design

    @property
    def present(self) -> dict[str, Names]:
        return {v.change: frozenset(s.name for s in v.pipeline.steps if s.enabled) for v in self.design.variants}

    def contrast(self, label: str) -> Contrast:
        (found,) = [contrast for contrast in self.design.contrasts if contrast.label == label]
        return found

    def of_kind(self, kind: str) -> dict[str, Contrast]:
        return {contrast.component: contrast for contrast in self.design.contrasts if contrast.kind == kind}

    def answer(self, contrast: Contrast, worth: Mapping[Names, float], seed: int = 0) -> float:
        """What *contrast* says where the metric of a set of steps is its *worth*."""
        present = self.present
        return math.fsum(w * worth[present[change]] for change, w in contrast.weights_on(seed).items())


@pytest.fixture
def pipeline_of(base):
    """Make a pipeline of steps a, b, c, ... and nothing else that can be removed."""

    def pipeline_of(number: int) -> Pipeline:
        names = "abcdefghijklmnopqrstuvwxyz"[:number]
        steps = tuple(StepChoice("opening", {"size": 3}, name=name, kind="morphology") for name in names)
        return replace(base, steps=steps).with_params("model", skip=False)

    return pipeline_of


@pytest.fixture
def study(pipeline_of, lookup, ablation):
    """Ask for designs over a pipeline of so many steps."""

    def study(number: int, *designs: str, **keys: object) -> Study:
        return Study(design(pipeline_of(number), lookup, ablation(design=list(designs), **keys)))

    return study
