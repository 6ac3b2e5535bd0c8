"""A folder appears whole or not at all."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from flowerablate.data.whole_folders import whole_folder
from flowerablate.errors import DataError


def make(folder: Path, error: BaseException | None = None) -> bool:
    with whole_folder(folder) as temporary:
        if temporary is None:
            return False
        (temporary / "file").write_text("x", encoding="utf-8")
        if error:
            raise error
    return True


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_it_is_made_once(tmp_path: Path) -> None:
    assert make(tmp_path / "a" / "b")
    assert not make(tmp_path / "a" / "b")
    assert left(tmp_path / "a") == ["b"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug"), DataError("damaged")])
def test_an_error_or_ctrl_c_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        make(tmp_path / "a", error)
    assert left(tmp_path) == []
    assert make(tmp_path / "a")


def test_a_full_disk_is_told_with_the_cure_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot unpack to .*: no space left on device; free space there"):
        make(tmp_path / "a", OSError(errno.ENOSPC, "No space left on device"))
    assert left(tmp_path) == []


def test_what_a_killed_process_left_is_not_taken_for_whole(tmp_path: Path) -> None:
    (tmp_path / ".a.partial").mkdir()
    (tmp_path / ".a.partial" / "half").touch()
    assert make(tmp_path / "a")
    assert left(tmp_path / "a") == ["file"]


def test_of_several_that_make_it_at_once_one_does(tmp_path: Path) -> None:
    made = []
    makers = [threading.Thread(target=lambda: made.append(make(tmp_path / "a"))) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert sorted(made) == [False, False, False, True]
