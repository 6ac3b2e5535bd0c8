import errno
import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest
from pipelines import make_pipeline

from flowerablate.contracts import (
    Contrast,
    JudgedTable,
    OwnedComponent,
    Owner,
    Trial,
    TrialFailure,
    TrialResult,
    Variant,
)
from flowerablate.errors import LedgerError
from flowerablate.files import replacing
from flowerablate.ledger import Ledger, StudyNote

PIPELINE = make_pipeline()


def trial(change: str, seed: int, base_id: str = "base0") -> Trial:
    return Trial(f"id{change}{seed}".replace("-", "no_"), base_id, seed, Variant(change, PIPELINE))


def result(trial: Trial, accuracy: float = 1 / 3) -> TrialResult:
    return TrialResult(
        trial.id, trial.base_id, trial.variant.change, trial.seed, {"accuracy": accuracy}, {"loss": 0.1 + 0.2},
        2, 3, False, {"seconds": 1.5, "parameters": 99, "memory": None}, {"torch": "2"},
    )  # fmt: skip


@pytest.fixture
def trials():
    return [trial(change, seed) for seed in (0, 1) for change in ("", "-b", "-a")]


@pytest.fixture
def ledger(tmp_path, trials):
    ledger = Ledger(tmp_path / "study")
    ledger.enter(trials, {"": {}, "-a": {}, "-b": {}}, StudyNote("base0", tuple(t.id for t in trials)))
    return ledger


def test_a_trial_is_complete_only_when_its_result_is_in_place(ledger, trials):
    folder = ledger.folder(trials[0])
    (folder.path / "last.safetensors").write_bytes(b"...")
    assert not folder.complete
    folder.finish(result(trials[0]), {"history": [{"loss": 1.0}]})
    assert folder.complete
    assert json.loads((folder.path / "history.json").read_text()) == [{"loss": 1.0}]


def test_a_result_comes_back_bit_for_bit(ledger, trials):
    ledger.folder(trials[0]).finish(result(trials[0]), {})
    assert ledger.results("base0") == [result(trials[0])]


def test_owners_come_back_as_the_records_that_they_were(ledger, trials):
    owner = Owner("roses; lilies (odd 1.0)", "flowerablate-roses", "1.2", "0123456789abcdef" * 2)
    owners = (OwnedComponent("model", "rose net", owner), OwnedComponent("metric", "mine,bins=5", owner))
    ledger.folder(trials[0]).finish(replace(result(trials[0]), owners=owners), {})
    assert ledger.results("base0")[0].owners == owners
    kept = json.loads((ledger.folder(trials[0]).path / "result.json").read_text())["owners"][0]
    assert kept == {"slot": "model", "name": "rose net", "owner": vars(owner)}


def test_owners_that_are_no_records_are_refused_with_the_file(ledger, trials):
    folder = ledger.folder(trials[0])
    folder.finish(result(trials[0]), {})
    content = json.loads((folder.path / "result.json").read_text())
    (folder.path / "result.json").write_text(json.dumps({**content, "owners": ["a (b 1)"]}))
    with pytest.raises(LedgerError, match=r"result\.json is of another version"):
        ledger.results("base0")


def test_of_a_result_of_format_1_what_was_0_is_not_measured_and_owners_are_not_known(ledger, trials):
    folder = ledger.folder(trials[0])
    folder.finish(result(trials[0]), {})
    path = folder.path / "result.json"
    content = json.loads(path.read_text())
    del content["costs"], content["owners"]
    content["environment"]["owners"] = "a (b 1); c (d 2)"  # one text, from which nothing is read
    content["environment"]["metric accuracy"] = "metrics (flowerablate 0.1.0)"
    former = {"seconds": 1.5, "images_per_second": 10.0, "parameters": 99, "flops": 0, "memory": 0}
    path.write_text(json.dumps({**content, **former, "format": 1}))
    (read,) = ledger.results("base0")
    assert read == replace(result(trials[0]), costs={**former, "flops": None, "memory": None})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 3}, r"result\.json has format 3, not 2; use the version that wrote it$"),
        ({"metrics": 1}, r"result\.json is of another version; remove its folder$"),
        ({"loss": 0.5}, r"result\.json is of another version; remove its folder$"),
    ],
)
def test_a_result_that_cannot_be_read_is_refused_in_one_line(ledger, trials, change, message):
    folder = ledger.folder(trials[0])
    folder.finish(result(trials[0]), {})
    path = folder.path / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(LedgerError, match=message):
        ledger.results("base0")


def test_a_metric_that_is_no_number_is_read_back_as_nan(ledger, trials):
    ledger.folder(trials[0]).finish(result(trials[0], math.nan), {})
    assert math.isnan(ledger.results("base0")[0].metrics["accuracy"])


def test_results_come_base_first_then_in_the_order_of_the_design(ledger, trials):
    for one in reversed(trials):
        ledger.folder(one).finish(result(one), {})
    assert [(r.change, r.seed) for r in ledger.results("base0")] == [
        ("", 0), ("", 1), ("-b", 0), ("-b", 1), ("-a", 0), ("-a", 1),
    ]  # fmt: skip


def test_unfinished_trials_are_counted_and_failures_reported(ledger, trials):
    ledger.folder(trials[0]).finish(result(trials[0]), {})
    ledger.folder(trials[1]).fail("ValueError: no", "Traceback ...")
    assert ledger.unfinished(ledger.note()) == 4
    done, failed = ledger.results("base0")
    assert done == result(trials[0])
    assert failed == TrialFailure(trials[1].id, "base0", "-b", 0, "ValueError: no")


def test_a_failure_is_forgotten_once_the_trial_succeeds(ledger, trials):
    folder = ledger.folder(trials[0])
    folder.fail("ValueError: no", "")
    folder.finish(result(trials[0]), {})
    assert ledger.results("base0") == [result(trials[0])]


def test_one_trial_may_serve_two_studies(ledger, trials):
    ledger.folder(trials[1]).finish(result(trials[1]), {})
    ledger.enter([replace(trials[1], base_id="base1", variant=Variant("", PIPELINE))], {"": {}}, StudyNote("base1"))
    assert [r.change for r in ledger.results("base0")] == ["-b"]
    assert [r.change for r in ledger.results("base1")] == [""]
    assert ledger.note().base_id == "base1"
    assert ledger.base_ids() == ["base0", "base1"]


def test_entering_again_changes_nothing(ledger, trials):
    before = (ledger.folder(trials[0]).path / "trial.json").read_bytes()
    ledger.enter(trials, {"": {}, "-a": {}, "-b": {}}, StudyNote("base0", tuple(t.id for t in trials)))
    assert (ledger.folder(trials[0]).path / "trial.json").read_bytes() == before


def test_the_latest_base_is_found_without_the_note_of_the_study(ledger):
    (ledger.root / "study.json").unlink()
    assert ledger.note().base_id == "base0"


def test_an_empty_ledger_has_no_base(tmp_path):
    assert Ledger(tmp_path).note() is None


def test_a_damaged_file_is_named_with_the_cure(ledger, trials):
    (ledger.folder(trials[0]).path / "trial.json").write_text("{")
    with pytest.raises(LedgerError, match=r"trial\.json is damaged"):
        ledger.results("base0")


TAKE = """
import sys
from pathlib import Path
from flowerablate.ledger import TrialFolder, StudyNote
with TrialFolder(Path(sys.argv[1])).locked() as mine:
    print(mine)
"""


def test_a_trial_is_locked_against_other_processes(ledger, trials):
    folder = ledger.folder(trials[0])

    def taken_elsewhere() -> str:
        words = [sys.executable, "-c", TAKE, str(folder.path)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    with folder.locked() as mine:
        assert mine
        assert taken_elsewhere() == "False"
    assert taken_elsewhere() == "True"
    with folder.locked() as mine:
        assert mine


def test_a_lock_is_released_within_one_process(ledger, trials):
    for _ in range(2):
        with ledger.folder(trials[0]).locked() as mine:
            assert mine


def test_a_variant_whose_component_changed_is_counted_once(ledger, trials):
    ledger.folder(trials[1]).finish(result(trials[1]), {})
    edited = replace(trials[1], id="edited")
    ledger.enter([edited], {"-b": {}}, StudyNote("base0"))
    assert ledger.results("base0") == []
    ledger.folder(edited).finish(result(edited), {})
    assert [r.trial_id for r in ledger.results("base0")] == ["edited"]
    ledger.enter([trials[1]], {"-b": {}}, StudyNote("base0"))
    assert [r.trial_id for r in ledger.results("base0")] == [trials[1].id]


def test_a_trial_that_a_study_knows_by_another_name_keeps_its_first(ledger, trials):
    ledger.folder(trials[1]).finish(result(trials[1]), {})
    ledger.enter([replace(trials[1], variant=Variant("-kind:b", PIPELINE))], {"-kind:b": {}}, StudyNote("base0"))
    assert [r.change for r in ledger.results("base0")] == ["-b"]


def test_trials_of_an_abandoned_plan_are_not_waited_for(ledger, trials):
    ledger.enter(trials[:1], {"": {}}, StudyNote("base0", (trials[0].id,)))
    ledger.folder(trials[0]).finish(result(trials[0]), {})
    assert ledger.unfinished(ledger.note()) == 0


@pytest.mark.parametrize("name", ["trial.json", "result.json", "study.json"])
@pytest.mark.parametrize("content", ["{}", "[]", '{"format": 2, "unknown": 1}'])
def test_a_foreign_file_is_named(ledger, trials, name, content):
    folder = ledger.folder(trials[0])
    folder.finish(result(trials[0]), {})
    (ledger.root if name == "study.json" else folder.path).joinpath(name).write_text(content)
    with pytest.raises(LedgerError, match=name.replace(".", r"\.")):
        ledger.results(ledger.note().base_id)


def test_what_is_written_can_be_read_by_whom_the_user_allows(tmp_path):
    plain, ours = tmp_path / "plain", tmp_path / "ours"
    plain.write_bytes(b"")
    with replacing(ours) as file:
        file.write(b"")
    assert ours.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("place", ["nowhere/file.txt", "."])
def test_a_file_that_cannot_be_written_is_named_as_the_user_named_it(tmp_path, place):
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / place if place != "." else tmp_path / "folder"
    with pytest.raises((FileNotFoundError, IsADirectoryError)) as caught, replacing(target) as file:
        file.write(b"x")
    assert caught.value.filename == str(target)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_an_error_of_the_disk_names_the_file_and_another_error_does_not(tmp_path):
    for number, named in ((errno.ENOSPC, str(tmp_path / "file")), (errno.EIO, None)):
        with pytest.raises(OSError, match="says it") as caught, replacing(tmp_path / "file"):
            raise OSError(number, "as write() says it")
        assert caught.value.filename == named


@pytest.fixture
def remembering(monkeypatch, ledger, trials):
    """A ledger that remembers what it has read of three finished trials."""
    for one in trials[:3]:
        ledger.folder(one).finish(result(one), {})
    monkeypatch.setattr("flowerablate.ledger.json_files._SETTLED", -1e9)
    assert len(ledger.results("base0")) == 3
    return ledger


def test_a_result_that_is_removed_by_hand_is_missed_at_once(remembering, trials):
    (remembering.folder(trials[0]).path / "result.json").unlink()
    assert [r.trial_id for r in remembering.results("base0")] == [trials[1].id, trials[2].id]
    assert not remembering.folder(trials[0]).complete


def test_a_result_that_is_edited_by_hand_is_seen_at_once(remembering, trials):
    path = remembering.folder(trials[0]).path / "result.json"
    path.write_text(path.read_text().replace("0.3333333333333333", "0.75"))
    assert remembering.results("base0")[0].metrics == {"accuracy": 0.75}


def test_what_another_process_enters_and_finishes_is_seen_at_once(remembering, trials):
    other = Ledger(remembering.root)
    more = [trial("-c", 0), replace(trials[1], base_id="base1", variant=Variant("", PIPELINE))]
    other.enter(more, {"": {}, "-c": {}}, StudyNote("base1"))
    other.folder(more[0]).finish(result(more[0]), {})
    other.folder(trials[1]).finish(result(trials[1], 0.5), {})
    assert remembering.base_ids() == ["base0", "base1"]
    found = {(r.change, r.seed): r.metrics["accuracy"] for r in remembering.results("base0")}
    assert found == {("", 0): 1 / 3, ("-a", 0): 1 / 3, ("-b", 0): 0.5, ("-c", 0): 1 / 3}


def test_a_trial_that_serves_two_studies_has_the_place_that_is_asked_for(remembering, trials):
    remembering.enter(
        [replace(trials[1], base_id="base1", variant=Variant("", PIPELINE))], {"": {}}, StudyNote("base1")
    )
    for _ in range(2):
        assert [r.change for r in remembering.results("base0")] == ["", "-b", "-a"]
        assert [(r.base_id, r.change) for r in remembering.results("base1")] == [("base1", "")]


def test_files_beside_the_folders_of_trials_are_no_trials(ledger, trials):
    (ledger.root / "trials" / ".DS_Store").write_bytes(b"")
    (ledger.root / "trials" / "mine").mkdir()
    assert len(ledger.trials_of("base0")) == len(trials)
    assert ledger.unfinished(ledger.note()) == len(trials)


def test_a_ledger_without_a_folder_has_no_trials(tmp_path, ledger, trials):
    nothing = Ledger(tmp_path / "nothing")
    assert (nothing.has_trials, nothing.has_outcomes("base0"), nothing.results("base0")) == (False, False, [])
    assert (ledger.has_trials, ledger.has_outcomes("base0")) == (True, False)
    ledger.folder(trials[0]).fail("ValueError: no", "")
    assert ledger.has_outcomes("base0")
    assert not ledger.has_outcomes("base1")


def test_a_ledger_of_an_earlier_version_is_read_and_continued_with_the_labels_of_now(tmp_path):
    root = tmp_path / "study"
    trials = [trial("", 0), replace(trial("-a -b", 0), id="both")]
    asked = (
        Contrast.with_base("-a -b", "removal", "a & b"),
        Contrast("+a +b", "addition", {"-c": 1.0, "-a -b -c": -1.0}, "a & b"),
        Contrast("(a & b) × c", "interaction", {"": 1.0, "-a -b": -1.0}, "(a & b) × c", aliases=("a & b",)),
        Contrast("share of a & b", "share", {}, "a & b", by_seed={0: {"": 1.0, "-a -b": -1.0}}),
    )
    note = StudyNote(
        "base0",
        contrasts=asked,
        refused={"-b -d": "b & d: switched off in both"},
        remarks={"-a -b": "hardly differs"},
        late={"-a -b": 5},
        seen={"-a -b": (5,)},
        judged={"-a -b": (JudgedTable(5, 4),)},
    )
    ledger = Ledger(root)
    ledger.enter(trials, {"": {}, "-a -b": {}}, note)
    ledger.folder(trials[1]).finish(result(trials[1]), {})
    earlier = {"-a -b -c": "-a+b+c", "-a -b": "-a+b", "-b -d": "-b+d", "+a +b": "+a+b", "(a & b)": "a+b", " & ": "+"}
    for file in (root / "study.json", ledger.folder(trials[1]).path / "trial.json"):
        text = file.read_text()
        for now, before in earlier.items():
            text = text.replace(now, before)
        file.write_text(text)

    again = Ledger(root)
    assert "a+b" in (root / "study.json").read_text()
    assert again.note("base0") == note
    assert again.results("base0") == [result(trials[1])]
    again.enter(trials, {"": {}, "-a -b": {}}, StudyNote("base0", contrasts=asked[:1]))
    assert Ledger(root).note("base0").contrasts == asked
    assert "a+b" not in (root / "study.json").read_text()
    assert [claim.change for claim in again.folder(trials[1]).claims] == ["-a -b"]
