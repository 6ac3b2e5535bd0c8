"""Events of a job: lines that are whole, of this attempt, and no fault of the job if they cannot be written."""

import json
import math

from flowerablate.jobs.events import FILE, EventReader, EventWriter, events_in, forget_events


def names(events):
    return [event["event"] for event in events]


def test_a_reader_sees_each_event_once_and_none_of_an_earlier_attempt(tmp_path):
    EventWriter(tmp_path).started()
    reader = EventReader(tmp_path)
    assert list(reader.new()) == []
    writer = EventWriter(tmp_path)
    writer.started(cpu=1)
    writer.epoch_done(1, {"loss": 0.5})
    assert names(reader.new()) == ["started", "epoch_done"]
    assert list(reader.new()) == []
    writer.remarked("so it is")
    assert names(reader.new()) == ["remark"]


def test_a_process_that_takes_the_place_of_another_is_read_from_its_beginning(tmp_path):
    reader = EventReader(tmp_path)
    assert not reader.begun
    writer = EventWriter(tmp_path)
    writer.started()
    writer.remarked("a long line, so that the next file is shorter than this one")
    assert len(list(reader.new())) == 2
    assert reader.begun
    EventWriter(tmp_path).started()
    assert names(reader.new()) == ["started"]
    forget_events(tmp_path)
    assert not reader.begun
    assert list(reader.new()) == []


def test_of_a_job_that_is_at_work_already_all_is_read(tmp_path):
    EventWriter(tmp_path).started()
    reader = EventReader(tmp_path)
    reader.read_all()
    assert names(reader.new()) == ["started"]


def test_a_line_that_is_still_being_written_is_left_for_the_next_look(tmp_path):
    reader = EventReader(tmp_path)
    (tmp_path / FILE).write_bytes(b'{"event": "started"}\n{"event": "step')
    assert names(reader.new()) == ["started"]
    assert names(events_in(tmp_path)) == ["started"]
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'_done"}\n')
    assert names(reader.new()) == ["step_done"]


def test_steps_are_written_now_and_then_but_a_listener_hears_each(tmp_path):
    heard = []
    writer = EventWriter(tmp_path, heard.append)
    for step in range(1, 101):
        writer.step_done(1, step, 100)
    assert len(heard) == 100
    assert len(events_in(tmp_path)) < 10


def test_a_number_that_json_lacks_is_null_in_the_file_and_not_a_number_to_its_reader(tmp_path):
    reader = EventReader(tmp_path)
    EventWriter(tmp_path).epoch_done(1, {"loss": float("inf"), "accuracy": 0.5})
    assert json.loads((tmp_path / FILE).read_text())["values"] == {"loss": None, "accuracy": 0.5}
    for event in (*reader.new(), *events_in(tmp_path)):
        assert math.isnan(event["values"]["loss"])
        assert event["values"]["accuracy"] == 0.5


def test_a_job_goes_on_where_its_events_cannot_be_written(tmp_path):
    writer = EventWriter(tmp_path / "there is no such folder")
    writer.started()
    writer.close()
    assert events_in(tmp_path / "there is no such folder") == []


def test_events_are_forgotten_once_there_is_a_result(tmp_path):
    EventWriter(tmp_path).started()
    forget_events(tmp_path)
    forget_events(tmp_path)
    assert list(tmp_path.iterdir()) == []
