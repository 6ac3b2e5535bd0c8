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


def test_the_lock_of_a_folder_is_deleted_last(tmp_path, monkeypatch):
    folder = tmp_path / "flowerablate-ours"
    (folder / "pymp-1").mkdir(parents=True)
    (folder / "lock").touch()
    monkeypatch.setattr("shutil.rmtree", lambda path, **words: left.append(names(folder)))
    left = []
    _delete(folder)
    assert left == [["lock", "pymp-1"], ["lock", "pymp-1"]]
