"""Gathers the commands and turns expected errors into one line and an exit code."""

from __future__ import annotations

import errno
import sys

import typer

from ..errors import FlowerablateError
from . import (
    bench,
    card,
    curves,
    data,
    doctor,
    evaluate,
    explain,
    export,
    gradcam,
    init,
    listing,
    plugins,
    predict,
    report,
    run,
    sanity,
    scaffold,
    tune,
)

app = typer.Typer(
    name="flowerablate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Which parts of your image-classification pipeline earn their place?",
)

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ACCESS = {
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENOENT,
    errno.EEXIST,
    errno.ENAMETOOLONG,
}


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"flowerablate {version('flowerablate')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Take the options that stand before any command."""


app.command("run")(run.run)
app.command("sanity")(sanity.sanity)
app.command("report")(report.report)
app.command("curves")(curves.curves)
app.command("explain")(explain.explain)
app.command("tune")(tune.tune)
app.command("predict")(predict.predict)
app.command("evaluate")(evaluate.evaluate)
app.command("gradcam")(gradcam.gradcam)
app.command("export")(export.export)
app.command("card")(card.card)
app.command("init")(init.init)
app.add_typer(data.app, name="data")
app.command("plugins")(plugins.list_plugins)
app.command("list")(listing.list_components)
app.add_typer(scaffold.app, name="plugin")
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)


def main() -> int:
    """Run the command line; returns the exit code (0 good, 1 an error of the input, 2 wrong usage, 130 interrupted)."""
    try:
        app(standalone_mode=True)
    except FlowerablateError as error:
        return _fail(str(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        if error.errno in _NO_SPACE:
            return _fail(f"{error.strerror}{where}; free some space and run the same command again, nothing is lost")
        if error.errno in _NO_ACCESS:
            return _fail(f"{error.strerror}{where}; choose another folder, or change its permissions")
        raise
    return 0


def _fail(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 1
