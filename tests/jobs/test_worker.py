"""What a process does before its job."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from flowerablate.contracts import Job
from flowerablate.jobs.worker import DISK_FULL, DONE, ELSEWHERE, FAILED, forget_words, give_word, see_only, word_of


@pytest.mark.parametrize(
    ("device", "before", "after", "named"),
    [
        ("cuda:0", None, "0", "cuda:0"),
        ("cuda:3", None, "3", "cuda:0"),
        ("cuda:1", "4,6", "6", "cuda:0"),
        ("cuda:1", "GPU-a, GPU-b", "GPU-b", "cuda:0"),
        ("cuda:2", "4,6", "4,6", "cuda:2"),
        ("cuda", "4,6", "4,6", "cuda"),
        ("cpu", None, None, "cpu"),
        ("auto", "1", "1", "auto"),
    ],
)
def test_a_job_sees_no_card_but_its_own(device, before, after, named):
    environment = {} if before is None else {"CUDA_VISIBLE_DEVICES": before}
    assert see_only(device, environment) == named
    assert environment.get("CUDA_VISIBLE_DEVICES") == after


@pytest.fixture
def job(tmp_path):
    return Job("a", "flowerablate.x:run", tmp_path, Path(), Path(), attempt="one")


def test_the_word_of_an_attempt_is_heard_once_and_by_nobody_else(job):
    give_word(job, ELSEWHERE)
    assert word_of(replace(job, attempt="two")) is None
    assert word_of(job) == ELSEWHERE
    assert word_of(job) is None
    assert list(job.folder.iterdir()) == []


@pytest.mark.parametrize("code", [DONE, FAILED, 3])
def test_what_the_folder_says_needs_no_word(job, code):
    give_word(job, code)
    assert list(job.folder.iterdir()) == []


def test_a_word_that_cannot_be_given_is_none(job):
    give_word(replace(job, folder=job.folder / "gone"), DISK_FULL)
    assert word_of(replace(job, folder=job.folder / "gone")) is None


def test_words_that_nobody_has_heard_are_forgotten_after_a_while(job):
    give_word(job, ELSEWHERE)
    forget_words(job.folder)
    (path,) = job.folder.iterdir()
    long_ago = time.time() - 7200
    os.utime(path, (long_ago, long_ago))
    forget_words(job.folder)
    assert list(job.folder.iterdir()) == []
