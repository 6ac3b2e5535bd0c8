"""Durations of variants that ran at another time than the base are told of."""

from __future__ import annotations

import json
import os

import pytest

from flowerablate.ledger import Ledger
from flowerablate.reading.trial_times import times_remark


@pytest.fixture
def remark(tmp_path):
    """Return the remark on a base and a variant whose trials end and last as given: ``(end, seconds)``."""

    def of(base, variant):
        for change, trials in (("", base), ("-flip", variant)):
            for seed, (end, seconds) in enumerate(trials):
                folder = tmp_path / "runs" / "trials" / f"{change or 'base'}{seed}"
                folder.mkdir(parents=True)
                claim = {"base_id": "b", "change": change, "order": 0}
                trial = {"format": 1, "id": folder.name, "seed": seed, "pipeline": {}, "claims": [claim]}
                (folder / "trial.json").write_text(json.dumps(trial, indent=2))
                result = {
                    "format": 2, "trial_id": folder.name, "seed": seed, "metrics": {}, "validation": {},
                    "best_epoch": 1, "epochs": 1, "collapsed": False, "costs": {"seconds": seconds},
                }  # fmt: skip
                (folder / "result.json").write_text(json.dumps(result, indent=2))
                os.utime(folder / "result.json", (end, end))
        return times_remark(Ledger(tmp_path / "runs"), "b")

    return of


def test_a_variant_that_ran_after_the_base_and_took_longer_is_named(remark):
    said = remark([(1000, 9), (1010, 9)], [(2000, 15), (2016, 15)])
    assert said.startswith("The trials of -flip did not run in the same period as those of the base")


def test_variants_that_took_turns_with_the_base_need_no_remark(remark):
    assert remark([(1000, 9), (1040, 9)], [(1020, 15), (1060, 15)]) == ""


def test_a_small_difference_needs_no_remark(remark):
    assert remark([(1000, 9), (1010, 9)], [(2000, 9.5), (2016, 9.5)]) == ""


def test_a_copy_without_the_dates_of_its_files_needs_no_remark(remark):
    assert remark([(1000, 9), (1000, 9)], [(1001, 15), (1001, 15)]) == ""


def test_single_trials_need_no_remark(remark):
    assert remark([(1000, 9)], [(2000, 15)]) == ""
