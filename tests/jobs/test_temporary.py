"""Folders for temporary files: those of processes that were killed are removed, whenever that was."""

from flowerablate.files import lock_now
from flowerablate.jobs.temporary import _clear, _delete


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_a_kill_leaves_is_removed_whether_the_folder_was_locked_by_then_or_not(tmp_path):
    for name in ("flowerablate-unlocked", "flowerablate-12345678", "flowerablate-ours"):
        (tmp_path / name).mkdir()
    (tmp_path / "flowerablate-unlocked/kept.txt").touch()  # no folder of ours: we lock before we write
    (tmp_path / "flowerablate-ours/lock").touch()
    (tmp_path / "flowerablate-ours/pymp-1").mkdir()
    (tmp_path / "flowerablate-alive").mkdir()
    held = lock_now(tmp_path / "flowerablate-alive/lock")
    _clear(tmp_path)
    assert names(tmp_path) == ["flowerablate-alive", "flowerablate-unlocked"]
    held.release()
    _clear(tmp_path)
    assert names(tmp_path) == ["flowerablate-unlocked"]


def test_a_folder_in_which_something_still_writes_keeps_its_lock_for_the_next_process(tmp_path, monkeypatch):
    folder = tmp_path / "flowerablate-ours"
    (folder / "pymp-1").mkdir(parents=True)
    (folder / "lock").touch()
    monkeypatch.setattr("shutil.rmtree", lambda path, **words: None)  # as if it were filled again at once
    _delete(folder)
    assert names(folder) == ["lock", "pymp-1"]
    monkeypatch.undo()
    _delete(folder)
    assert names(tmp_path) == []
