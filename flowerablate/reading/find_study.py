"""Finds the ledger of a study, the note of its latest run, and the checkpoint of a trained model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from ..contracts import BEST, TrialResult, current_label, finished
from ..errors import LedgerError, StudyError, nearest
from ..files import require_file
from ..ledger import Ledger, StudyNote
from ..study.read import study_name


def find_ledger(study: str | Path | None, runs: Path) -> Path:
    """Return the ledger folder of *study*, a name or a folder, or of the latest one in *runs*.

    Raises :class:`LedgerError` if there is none.
    """
    ledgers = {path.parent.name: path.parent for path in sorted(runs.glob("*/trials"))}
    if study is None:
        if not ledgers:
            raise LedgerError(f"no study has been run yet in {runs}; start one with 'flowerablate run'")
        return max(ledgers.values(), key=lambda folder: max(path.stat().st_mtime for path in folder.iterdir()))
    if str(study) in ledgers:
        return ledgers[str(study)]
    if (Path(study) / "trials").is_dir():
        return Path(study)
    raise LedgerError(f"no study {str(study)!r} in {runs}; {nearest(Path(study).stem, ledgers)}")


def shown_elsewhere(ledger: Ledger, base_id: str) -> list[str]:
    """Return the names of other studies beside *ledger* that have shown results of the same base, in order."""
    found = []
    for root in sorted(path.parent for path in ledger.root.absolute().parent.glob("*/trials")):
        if root != ledger.root.absolute():
            try:
                note = Ledger(root).note(base_id)
            except (LedgerError, OSError):
                continue
            if note is not None and note.looked:
                found.append(root.name)
    return found


def bases_shown(ledger: Ledger, note: StudyNote) -> int:
    """Return for how many other bases in *ledger* verdicts on any question of *note* were shown."""
    asked = {contrast.label for contrast in note.contrasts}
    others = ledger.other_notes(note.base_id)
    return sum(each.shown is not None and any(c.label in asked for c in each.contrasts) for each in others)


def note_of(ledger: Ledger, base_id: str | None = None) -> StudyNote:
    """Return the note in *ledger* on the study with that base, or on the latest one.

    Raises :class:`LedgerError` if the ledger has no trials.
    """
    note = ledger.note(base_id)
    if note is None:
        raise LedgerError(f"{ledger.root} has no trials yet; start them with 'flowerablate run'")
    return note


def find_checkpoint(model: str | Path, runs: Path, variant: str | None, seed: int | None) -> tuple[Path, str]:
    """Return the checkpoint that *model* names, and a line about the choice, empty if there was none.

    *model* is a checkpoint, a trial folder or a study. For a study, the checkpoint is that of the base, unless
    *variant* is given, and of the replicate that is best on validation by ``train.best_by``, then by the lowest
    validation loss, unless *seed* is given. The test split is not used.
    """
    path = Path(model)
    file = path / BEST if (path / BEST).exists() else path
    if file.exists() and not file.is_dir():
        require_file(file)
    if file.suffix == ".toml" and file.is_file():
        raise StudyError(
            f"{model} is a study file, not a model; give the name of the study in {runs}, such as "
            f"{study_name(file.stem)}"
        )
    if file.is_file():
        if variant is not None or seed is not None:
            raise StudyError(f"variant and seed select from a study, but {model} is a single model; leave them out")
        return file, ""
    try:
        root = find_ledger(model, runs)
    except LedgerError as error:
        raise LedgerError(f"{model} is not a checkpoint, a trial folder or a study: {error}") from None
    ledger = Ledger(root)
    done = finished(ledger.results(note_of(ledger).base_id))
    labels = {result.label for result in done}
    if not labels:
        raise LedgerError(
            f"no trial of the latest base pipeline in {root} has finished yet; continue with 'flowerablate run', or "
            "give a folder of its trials/ for a model of another base"
        )
    wanted = current_label(variant) if variant is not None else "base"
    group = [result for result in done if wanted in (result.label, result.change or "base")]
    if not group:
        raise LedgerError(f"no trial of variant {wanted!r} in {root} has finished; {nearest(wanted, labels)}")
    if seed is not None:
        seeds = sorted(result.seed for result in group)
        group = [result for result in group if result.seed == seed]
        if not group:
            have = ", ".join(map(str, seeds))
            raise LedgerError(f"{wanted} has no finished trial with seed {seed} in {root}; its seeds are: {have}")
    best = max(group, key=_merit)
    return root / "trials" / best.trial_id / BEST, _in_words(best, group, root)


def _merit(result: TrialResult) -> tuple[bool, float, float]:
    """Return the sort key of a replicate: the metric that chose its best epoch; higher is better."""
    value, loss = (result.validation.get(name, math.nan) for name in (result.best_by.name, "loss"))
    if not (math.isfinite(value) and math.isfinite(loss)):
        return False, 0.0, 0.0
    return not result.collapsed, -value if result.best_by.lower_is_better else value, -loss


def _in_words(best: TrialResult, group: Sequence[TrialResult], root: Path) -> str:
    by = best.best_by
    value = best.validation.get(by.name, math.nan)
    why = f"best of {len(group)} by validation {by.name}," if len(group) > 1 else f"validation {by.name}"
    return f"model: {best.label}, seed {best.seed} of {root} ({why} {by.shown(value)})"
