"""What ``--help`` says: examples that fit a terminal, brackets that survive, one meaning for one option."""

import re
import subprocess
import sys
from collections import defaultdict

import pytest
import typer

from flowerablate.cli.app import app
from flowerablate.cli.commands import COMMANDS

SHARED = ("--runs", "--set", "--local", "--device", "--variant", "--metric", "--subset", "--data", "--changed-plugins")


def every_command(command=None, name=""):
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(name.strip(), command)]
    return [found for key, one in inner.items() for found in every_command(one, f"{name} {key}")]


@pytest.mark.parametrize(("name", "command"), every_command())
def test_every_command_shows_examples_that_fit_80_columns(name, command):
    examples = re.findall(r"^ +flowerablate .*$|^ +\S+=\S+ flowerablate .*$", command.help, flags=re.MULTILINE)
    assert any(f"flowerablate {name}" in line for line in examples), command.help
    assert all(len(line) < 80 for line in examples), examples


@pytest.mark.parametrize(("name", "command"), every_command())
def test_a_paragraph_is_one_line_for_the_terminal_to_wrap(name, command):
    paragraphs = [text for text in command.help.split("\n\n") if not text.startswith("\b")]
    assert all("\n" not in text for text in paragraphs), paragraphs


@pytest.mark.parametrize("name", SHARED)
def test_an_option_is_written_alike_in_every_command(name):
    written = defaultdict(list)
    for command_name, command in every_command():
        for parameter in command.params:
            if name in parameter.opts:
                written[parameter.metavar, parameter.nargs].append(command_name)
    assert sum(map(len, written.values())) > 1
    assert len(written) == 1, dict(written)


def test_json_is_asked_for_in_one_way():
    assert not any("--json" in parameter.opts for _, command in every_command() for parameter in command.params)


def test_brackets_are_words_and_not_markup(command):
    done = command("export", "--help")
    assert "[batch, channels, height, width]" in " ".join(done.stdout.split())


def test_every_command_stands_in_a_group(command):
    shown = command("--help").stdout
    for panel, commands in COMMANDS.items():
        assert panel in shown
        assert all(re.search(rf"^│ {name} ", shown, flags=re.MULTILINE) for name in commands)


def test_the_list_of_commands_says_what_each_says_of_itself():
    loaded = typer.main.get_command(app).commands
    for commands in COMMANDS.values():
        for name, entry in commands.items():
            assert loaded[name].help.replace("\\[", "[").partition("\n")[0] == entry.summary


def test_the_list_of_commands_loads_none_of_them():
    program = """
import sys
from flowerablate.cli import main
try:
    main()
finally:
    print([name for name in sys.modules if name.startswith("flowerablate.") and "cli" not in name])
"""
    done = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "contracts" not in loaded
    assert "jobs.interrupts" in loaded


@pytest.mark.parametrize("name", [name for name, _ in every_command()] + [""])
def test_options_are_shown_without_types_of_python(command, name):
    shown = command(*name.split(), "--help").stdout
    assert not re.search("<(bool|int|float|str|path)", shown)
    assert "--help" in shown


@pytest.mark.parametrize("words", [("list", "step"), ("doctor", "--help")], ids=" ".join)
def test_a_reader_that_has_enough_is_no_error_of_what_only_prints(words):
    program = "import sys; from flowerablate.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        command.stdout.close()  # as soon as it has begun
        assert (command.wait(), command.stderr.read()) == (0, b"")


def test_an_interrupt_while_the_program_loads_is_one_line():
    program = """
import sys, flowerablate.cli
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "flowerablate.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.exit(flowerablate.cli.main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.parametrize("name", [name for name, _ in every_command()])
def test_no_range_of_a_number_breaks_across_lines(command, name):
    shown = command(*name.split(), "--help").stdout
    assert all(line.count("[") == line.count("]") for line in shown.splitlines() if "<=" in line or ">=" in line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tune", "--subset", "10%"), "no such option: --subset; use --set split.subset=..."),
        (("sanity", "--seeds", "3"), "no such option: --seeds; use --set ablation.seeds=..."),
        (("run", "--subste", "10%"), "no such option: --subste; did you mean --subset?"),
        (("predict", "x", "--compare", "y"), "no such option: --compare; it is an option of 'report'"),
        (("run", "--wibble"), "no such option: --wibble"),
    ],
)
def test_what_may_have_been_meant_by_an_unknown_option_is_said(command, words, said):
    done = command(*words)
    assert done.returncode == 2
    text = " ".join(done.stderr.replace("│", " ").split())
    assert said in text
    assert "Possible options" not in text
    assert not re.search("--wibble[;(]", text)
