"""What enters a trial's id besides the settings: versions, and the content of the files that parameters name."""

from pathlib import Path

import pytest

from flowerablate.contracts import Choice, Fingerprint
from flowerablate.discovery import discover
from flowerablate.errors import DataError
from flowerablate.wiring.assemble import Assembler


@pytest.fixture
def assembler(tmp_path):
    return Assembler(discover().registry, tmp_path, tmp_path / "cache")


def model(assembler, weights):
    spec = assembler.lookup("model", "resnet8", "model")
    return Choice("resnet8", {param.name: param.default for param in spec.params} | {"weights": weights})


def test_the_fingerprint_is_the_owner_where_no_file_is_named(assembler):
    assert assembler.fingerprint("model", model(assembler, "")) == Fingerprint(assembler.owner("model", "resnet8"))


def test_another_content_of_a_file_makes_another_fingerprint(assembler, tmp_path):
    fingerprints = []
    for content in (b"one", b"two", b"one"):
        (tmp_path / "w.pth").write_bytes(content)
        fingerprints.append(assembler.fingerprint("model", model(assembler, "w.pth")))
    assert fingerprints[0] == fingerprints[2] != fingerprints[1]


def test_a_file_that_is_not_there_is_named(assembler, tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*absent"):
        assembler.fingerprint("model", model(assembler, "absent.pth"))


def test_a_home_folder_may_be_written_as_a_tilde(assembler, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "w.pth").write_bytes(b"one")
    assert assembler.fingerprint("model", model(assembler, "~/w.pth")) == assembler.fingerprint(
        "model", model(assembler, str(Path(tmp_path, "w.pth")))
    )
