"""What is said of a job whose process crashed."""

from flowerablate.jobs.worker import LOG, ended_how, tail_of_log

DUMP = """about to fail
Fatal Python error: Segmentation fault

Thread 0x00007f01 (most recent call first):
  File "/lib/threading.py", line 320 in wait
  File "/lib/threading.py", line 973 in _bootstrap

Current thread 0x00007f02 (most recent call first):
  File "/plugins/mine.py", line 12 in loss
"""
ENDS = "".join(f'  File "/torch/module{n}.py", line {n} in forward\n' for n in range(60))
EXTENSIONS = "\nExtension modules: numpy._core._multiarray_umath, torch._C (total: 2)\n"


def test_the_reason_of_a_crash_is_the_error_and_the_place_of_the_thread_at_fault(tmp_path):
    (tmp_path / LOG).write_text(DUMP + ENDS + EXTENSIONS)
    tail = tail_of_log(tmp_path)
    assert ended_how(-11, "", tail).partition("; ")[2] == (
        'Fatal Python error: Segmentation fault: File "/plugins/mine.py", line 12 in loss'
    )
    assert tail[0] == "Fatal Python error: Segmentation fault", "what is kept begins with the crash"


def test_a_dump_that_ends_early_gives_what_it_has(tmp_path):
    (tmp_path / LOG).write_text("Fatal Python error: Aborted\n")
    assert ended_how(-6, "", tail_of_log(tmp_path)).endswith("; Fatal Python error: Aborted")


def test_without_a_crash_the_last_line_of_the_log_is_said(tmp_path):
    (tmp_path / LOG).write_text("one\ntwo\n\n")
    assert ended_how(3, "", tail_of_log(tmp_path)) == (
        "its process ended with exit code 3; the last line of its log: two"
    )
