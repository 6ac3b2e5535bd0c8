"""What a plugin does to its process when it is imported, it does not do to ours."""

import os

import pytest

from flowerablate import trial_import
from flowerablate.discovery import LOCAL_PLUGIN, discover
from flowerablate.trial_import import fault_of_import

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is tried without fork")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("import os; os._exit(4)", "its process ended with exit code 4 when it was imported"),
        ("import os; os._exit(0)", "its process ended with exit code 0 when it was imported"),
        ("import ctypes; ctypes.string_at(0)", "its process was killed by SIGSEGV (Segmentation fault) when"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("nonsense", "NameError: name 'nonsense' is not defined"),
    ],
)
def test_a_plugin_that_ends_its_process_at_import_is_listed_with_the_reason(tmp_path, line, reason):
    (tmp_path / LOCAL_PLUGIN).write_text(line)
    catalogue = discover(tmp_path, strict=False)
    (failure,) = catalogue.failures
    assert failure.owner.plugin == "flowerablate_local"
    assert failure.reason.startswith(reason)
    assert len(catalogue.plugins) > 5, "the others are there"


def test_what_was_imported_once_is_not_tried_again_until_it_changes():
    calls = []
    assert fault_of_import("one", lambda: calls.append(1)) == ""
    assert calls == [], "it was loaded in another process"
    assert fault_of_import("one", lambda: os._exit(1)) == ""
    assert fault_of_import("two", lambda: os._exit(1)) != ""
    assert fault_of_import("two", lambda: os._exit(1)) != "", "a fault is not kept"


def test_an_import_that_never_ends_is_a_fault(monkeypatch):
    monkeypatch.setattr(trial_import, "SECONDS", 0.1)
    assert fault_of_import("endless", lambda: exec("while True: pass")) == "it was still being imported after 0.1 s"
