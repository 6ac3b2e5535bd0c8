from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowerablate_datasets.drawn import drawing, synthetic
from flowerablate_datasets.drawn import drawn_images as contact_sheet
from flowerablate_datasets.drawn.drawing_numbers import DrawnNumbers, cosine, sine
from flowerablate_datasets.drawn.scene import draw_image, sprinkle
from flowerablate_datasets.drawn.synthetic import build
from PIL import Image

import flowerablate
from flowerablate import DataContext, DataError, Samples
from flowerablate.data.decode import decode


def draw(context: DataContext, images: int = 12, size: int = 24, seed: int = 0, noise: float = 1.0) -> Samples:
    return build(context, images=images, size=size, seed=seed, noise=noise)


def digest(samples: Samples) -> str:
    return hashlib.sha256(b"".join(decode(path, 3).tobytes() for path in samples.paths)).hexdigest()


def specks(image: np.ndarray) -> int:
    """Count pixels that a 3 x 3 opening darkens by more than 100, out of 255."""
    opened = cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return int((image.astype(int) - opened > 100).all(axis=2).sum())


def test_the_classes_are_balanced_and_the_keys_fixed(context: DataContext) -> None:
    samples = draw(context)
    assert samples.classes == ("daisy", "rose")
    assert Counter(samples.labels) == {0: 6, 1: 6}
    assert samples.keys[0] == "daisy/000000.png"
    assert samples.keys[-1] == "rose/000011.png"
    assert samples.splits is None
    assert decode(samples.paths[0], 3).shape == (24, 24, 3)


def test_the_files_hold_exactly_the_drawn_images(context: DataContext) -> None:
    for path in draw(context).paths:
        assert np.array_equal(decode(path, 3), draw_image(0, int(path.stem), 24, 1.0))


def test_drawing_twice_gives_the_same_bits() -> None:
    assert np.array_equal(draw_image(3, 7, 72, 1.0), draw_image(3, 7, 72, 1.0))


def test_the_pixels_are_those_that_this_version_of_the_generator_always_drew() -> None:
    # A change here means that GENERATOR must be raised, or that something is not the same on this machine.
    pixels = b"".join(draw_image(0, index, 48, 1.0).tobytes() for index in range(8))
    assert (synthetic.GENERATOR, hashlib.sha256(pixels).hexdigest()[:16]) == (2, "719e05613d63c197")


def test_an_image_does_not_depend_on_how_many_are_drawn(context: DataContext) -> None:
    few, many = draw(context, images=10), draw(context, images=20)
    assert set(few.keys) < set(many.keys)
    for key, path in zip(few.keys, few.paths, strict=True):
        assert np.array_equal(decode(path, 3), decode(dict(zip(many.keys, many.paths, strict=True))[key], 3))


def test_images_and_seeds_differ() -> None:
    images = [draw_image(seed, index, 32, 1.0) for seed in (0, 1) for index in range(6)]
    assert len({image.tobytes() for image in images}) == 12


def test_noise_strength_changes_specks_and_nothing_else() -> None:
    clean = [draw_image(0, index, 64, 0.0) for index in range(12)]
    noisy = [draw_image(0, index, 64, 1.0) for index in range(12)]
    for one, other in zip(clean, noisy, strict=True):
        touched = (one != other).any(axis=2)
        changed = other[touched]
        assert touched.mean() < 0.6
        assert ((changed.min(axis=1) >= 200) | (changed.max(axis=1) <= 40)).all()
        assert (changed.max(axis=1) == changed.min(axis=1)).all()


def test_salt_is_present_and_an_opening_takes_most_of_it_away() -> None:
    salted = sum(specks(draw_image(0, index, 64, 1.0)) for index in range(12))
    clean = sum(specks(draw_image(0, index, 64, 0.0)) for index in range(12))
    assert salted > 50 + 4 * clean
    before = after = 0.0
    for index in range(12):
        truth = draw_image(0, index, 64, 0.0)
        noisy = draw_image(0, index, 64, 1.0)
        opened = cv2.morphologyEx(noisy, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        before += float((noisy.max(axis=2).astype(int) - truth.max(axis=2) > 100).sum())
        after += float((opened.max(axis=2).astype(int) - truth.max(axis=2) > 100).sum())
    assert after < 0.25 * before


def test_sprinkling_covers_about_the_share_that_is_asked_for() -> None:
    image = np.full((200, 200, 3), 100, np.uint8)
    sprinkle(image, 0.1, DrawnNumbers("test"))
    assert 0.08 < (image[..., 0] >= 200).mean() < 0.12
    assert 0.0008 < (image[..., 0] <= 40).mean() < 0.003


def test_colour_alone_does_not_tell_the_classes() -> None:
    images = [draw_image(0, index, 24, 0.0).astype(float) for index in range(160)]
    features = np.array([[*image.mean((0, 1)), *image.std((0, 1)), 1.0] for image in images]) / 255.0
    labels = np.arange(160) % 2 * 2.0 - 1.0
    weights = np.linalg.lstsq(features[:80], labels[:80], rcond=None)[0]
    accuracy = float((np.sign(features[80:] @ weights) == labels[80:]).mean())
    assert accuracy < 0.8


def test_a_second_call_reads_the_cache_and_draws_nothing(context: DataContext, monkeypatch: pytest.MonkeyPatch) -> None:
    first = draw(context)
    monkeypatch.setattr(synthetic, "draw_files", None)
    assert draw(context) == first


def test_other_parameters_get_their_own_folder(context: DataContext) -> None:
    sets = [
        draw(context),
        draw(context, seed=1),
        draw(context, noise=0.5),
        draw(context, size=20),
        draw(context, images=10),
    ]
    assert len({samples.paths[0].parent.parent for samples in sets}) == 5
    assert len({digest(samples) for samples in sets}) == 5


@pytest.mark.parametrize("damage", ["image gone", "image too many", "manifest gone", "manifest other", "manifest cut"])
def test_a_damaged_cache_is_drawn_anew(context: DataContext, damage: str) -> None:
    first = draw(context)
    bits = digest(first)
    folder = first.paths[0].parent.parent
    if damage == "image gone":
        first.paths[3].unlink()
    elif damage == "image too many":
        (folder / "rose/stray.png").write_bytes(first.paths[0].read_bytes())
    elif damage == "manifest gone":
        (folder / "manifest.json").unlink()
    elif damage == "manifest other":
        manifest = folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"generator": ', '"generator": 9'))
    else:
        (folder / "manifest.json").write_text("{")
    again = draw(context)
    assert again == first
    assert digest(again) == bits


def test_processes_that_share_the_work_draw_the_same_files(
    context: DataContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "ENOUGH", 5)
    monkeypatch.setattr(drawing, "cores_here", lambda: (0, 1))
    shared = draw(context)
    alone = DataContext(cache=context.cache / "alone", root=context.root)
    alone.cache.mkdir()
    monkeypatch.setattr(drawing, "cores_here", lambda: (0,))
    assert digest(draw(alone)) == digest(shared)
    assert not list(context.cache.rglob("*.part"))


@pytest.mark.parametrize("program", ["no-such-program", sys.executable])
def test_what_a_helper_leaves_is_drawn_all_the_same(
    context: DataContext, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(drawing, "ENOUGH", 5)
    monkeypatch.setattr(drawing, "cores_here", lambda: (0, 1))
    if program == sys.executable:
        monkeypatch.setattr(subprocess.Popen, "wait", subprocess.Popen.kill)  # ended before it has drawn anything
    else:
        monkeypatch.setattr(sys, "executable", program)
    assert len(draw(context)) == 12


def test_progress_is_told_from_nothing_to_all(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    context = DataContext(cache=tmp_path, root=tmp_path, progress=lambda *news: heard.append(news))
    draw(context)
    assert {what for what, _, _ in heard} == {"drawing synthetic-flowers"}
    assert [done for _, done, _ in heard] == list(range(13))
    assert {total for _, _, total in heard} == {12}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_run_that_is_killed_half_way_leaves_nothing_that_is_trusted(context: DataContext) -> None:
    script = """
        import os, signal, sys
        from pathlib import Path
        from flowerablate import DataContext
        from flowerablate_datasets.drawn.synthetic import build
        def progress(what, done, total):
            if done == 5:
                os.kill(os.getpid(), signal.SIGKILL)
        build(DataContext(Path(sys.argv[1]), Path(), progress=progress), images=12, size=24, seed=0, noise=1.0)
    """
    roots = [Path(flowerablate.__file__).parents[1], Path(synthetic.__file__).parents[1]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}
    command = [sys.executable, "-c", textwrap.dedent(script), str(context.cache)]
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [path.name for path in context.cache.glob(".drawing-*/*/*.png")]
    assert not list(context.cache.glob("v*"))
    assert len(draw(context)) == 12
    assert not list(context.cache.glob(".drawing-*"))


def test_an_interrupted_run_cleans_up_behind_itself(tmp_path: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(DataContext(cache=tmp_path, root=tmp_path, progress=interrupt))
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == []


def test_two_that_draw_at_once_get_the_same_set(context: DataContext) -> None:
    results: list[Samples] = []
    threads = [threading.Thread(target=lambda: results.append(draw(context))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert results[0] == results[1] == results[2]


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(DataError, match=r"cannot store the drawn flowers in .*no space left on device; make room"):
        draw(DataContext(cache=tmp_path, root=tmp_path))
    assert not list(tmp_path.glob(".drawing-*"))
    with pytest.raises(DataError, match="cannot store"):
        draw(DataContext(cache=tmp_path / "missing", root=tmp_path))


def test_the_sine_is_a_sine_everywhere() -> None:
    turns = np.linspace(-3, 3, 1001)
    assert np.allclose([sine(turn) for turn in turns], np.sin(2 * np.pi * turns), atol=1e-6)
    assert np.allclose([cosine(turn) for turn in turns], np.cos(2 * np.pi * turns), atol=1e-6)


def test_draws_are_a_function_of_their_path_and_spread_evenly() -> None:
    draws = DrawnNumbers("path", 1)
    numbers = [draws.uniform() for _ in range(2000)]
    again = DrawnNumbers("path", 1)
    assert [again.uniform() for _ in range(2000)] == numbers
    assert DrawnNumbers("path", 2).uniform() != numbers[0]
    assert abs(np.mean(numbers) - 0.5) < 0.03
    normal = draws.normal_field(100, 100)
    assert abs(float(normal.mean())) < 0.04
    assert 0.96 < float(normal.std()) < 1.04
    field = draws.field(100, 100)
    assert 0.0 <= float(field.min()) < 0.01
    assert 0.99 < float(field.max()) < 1.0
    assert not np.array_equal(field, draws.field(100, 100))


def test_the_contact_sheet_shows_drawn_and_stored_images(tmp_path: Path, context: DataContext) -> None:
    options = ["--columns", "3", "--rows", "2", "--tile", "40", "--size", "20"]
    assert contact_sheet.main([str(tmp_path / "drawn.png"), *options]) == 0
    assert Image.open(tmp_path / "drawn.png").size == (3 * 44 + 4, 4 * 44 + 4)
    folder = draw(context).paths[0].parent.parent
    assert contact_sheet.main([str(tmp_path / "stored.png"), "--data", str(folder), *options]) == 0
    assert Image.open(tmp_path / "stored.png").size == (3 * 44 + 4, 4 * 44 + 4)


def test_the_contact_sheet_reports_a_bad_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert contact_sheet.main([str(tmp_path / "out.png"), "--data", str(tmp_path / "nowhere")]) == 1
    assert "no folder" in capsys.readouterr().err
