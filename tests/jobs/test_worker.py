"""What a process does before its job."""

import pytest

from flowerablate.jobs.worker import see_only


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
