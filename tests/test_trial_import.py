"""What a plugin does to its process when it is imported, it does not do to ours."""

import os
import signal
import threading

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
        ("import os; os.close(1)", "it closed a standard stream when it was imported"),
        ("import sys; sys.stdout.close()", "it closed a standard stream when it was imported"),
        ("import sys; sys.stderr = None", "it closed a standard stream when it was imported"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise BaseException('bare')", "BaseException: bare"),
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


HOOK = """
import ctypes, os
import flowerablate as fa

@fa.hookimpl
def {hook}(register):
    {line}
"""


@pytest.mark.parametrize("hook", ["flowerablate_register", "flowerablate_register_loss"])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("os._exit(0)", "its process ended with exit code 0 when it registered its components"),
        ("ctypes.string_at(0)", "its process was killed by SIGSEGV (Segmentation fault) when it registered its"),
        ("os.close(2)", "it closed a standard stream when it registered its components"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise BaseException('bare')", "BaseException: bare"),
    ],
)
def test_a_plugin_whose_hook_ends_its_process_is_listed_with_the_reason(tmp_path, hook, line, reason):
    (tmp_path / LOCAL_PLUGIN).write_text(HOOK.format(hook=hook, line=line))
    catalogue = discover(tmp_path)
    (failure,) = catalogue.failures
    assert failure.owner.plugin == "flowerablate_local"
    assert failure.reason.startswith(reason)
    assert len(catalogue.plugins) > 5, "the others are there"


@pytest.mark.parametrize("where", ["import", "hook"])
def test_the_users_own_ctrl_c_ends_the_search_for_plugins(tmp_path, where):
    press = f"import os, signal; os.getpid() == {os.getpid()} and signal.raise_signal(signal.SIGINT)"
    source = press if where == "import" else HOOK.format(hook="flowerablate_register", line=press)
    (tmp_path / LOCAL_PLUGIN).write_text(source)
    with pytest.raises(KeyboardInterrupt):
        discover(tmp_path)


def test_ctrl_c_while_a_plugin_hangs_names_it_and_leaves_no_process(tmp_path):
    (tmp_path / LOCAL_PLUGIN).write_text(
        f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    )
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt, match="while flowerablate_local"):
        discover(tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


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


def test_a_hook_that_never_ends_is_a_fault(monkeypatch):
    monkeypatch.setattr(trial_import, "SECONDS", 0.5)
    fault = fault_of_import("endless hook", lambda: None, lambda module: exec("while True: pass"))
    assert fault == "it was still registering its components after 0.5 s"
