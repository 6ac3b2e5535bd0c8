"""The options of a run, each declared once: for Python, for the command line and for the documents.

A :class:`typing.TypedDict` holds them, so that type checkers and editors know each name and type;
:func:`spelled_out` gives a function their signature, and ``flowerablate.cli`` makes its options of the same
declaration.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict, TypeVar, cast, get_type_hints

from ..contracts import Population

if sys.version_info >= (3, 11):
    from typing import Unpack
else:
    from typing_extensions import Unpack

QUESTIONS = "Questions"
REPLICATES = "Replicates"
VERDICTS = "Verdicts"
EXECUTION = "Execution"

Texts = str | Sequence[str]
"""One text, or several."""


@dataclass(frozen=True)
class Option:
    """The declaration of an option: its *help*, and the *key* of the study that it sets, if it sets one as it is.

    The rest is for the command line: how the value is shown (*metavar*), in which *panel* of the help, the *flags*
    where they are not made of the name, and the *min* value of a number. *default*: of what is no key of the study.
    """

    help: str
    key: str = ""
    metavar: str | None = None
    panel: str | None = None
    flags: tuple[str, ...] = ()
    min: int | None = None
    default: Any = None


class QuestionOptions(TypedDict, total=False):
    """What is asked of a study, on how many replicates, and how verdicts are reached; None leaves it to the study."""

    seeds: Annotated[
        int | None,
        Option("Number of replicates, paired across variants.", "ablation.seeds", panel=REPLICATES, min=1),
    ]
    subset: Annotated[
        str | int | None,
        Option(
            "Train on part of the training images: a number for each class, such as 100, or a percentage, such as 10%.",
            "split.subset",
            metavar="N|P%",
            panel=REPLICATES,
        ),
    ]
    disable: Annotated[
        Texts | None,
        Option("Compare with the pipeline without X: a step, a feature, a kind, or a+b.", metavar="X", panel=QUESTIONS),
    ]
    swap: Annotated[
        Texts | None,
        Option("Compare with another component in that place.", metavar="PLACE=COMPONENT", panel=QUESTIONS),
    ]
    vary: Annotated[
        Texts | None,
        Option(
            "Compare with other values of a setting, such as optimizer.lr=0.1,0.03.",
            metavar="KEY=A,B,...",
            panel=QUESTIONS,
        ),
    ]
    design: Annotated[
        Texts | None,
        Option(
            "How components are asked about: leave-one-out, add-one-in, pairwise, factorial, fractional or shapley; "
            "may be repeated.",
            "ablation.design",
            metavar="NAME",
            panel=QUESTIONS,
        ),
    ]
    retune: Annotated[
        Texts | None,
        Option(
            "Let every trial choose this setting on validation: by train.best_by, then by loss, whatever the metric.",
            "ablation.retune",
            metavar="KEY=A,B,...",
            panel=QUESTIONS,
        ),
    ]
    placebo: Annotated[
        bool,
        Option(
            "Add a step that leaves images as they are; its effect must be zero.",
            panel=QUESTIONS,
            flags=("--placebo",),
            default=False,
        ),
    ]
    seed_control: Annotated[
        bool,
        Option(
            "Add a variant that differs only in its random numbers in training.",
            panel=QUESTIONS,
            flags=("--seed-control", "--luck"),
            default=False,
        ),
    ]
    until_decided: Annotated[
        bool | None,
        Option(
            "Add replicates while verdicts are open, without raising the error rate of the table.",
            panel=REPLICATES,
            flags=("--until-decided",),
        ),
    ]
    max_seeds: Annotated[
        int | None,
        Option("Maximum number of replicates of --until-decided.", "ablation.max_seeds", panel=REPLICATES, min=2),
    ]
    metric: Annotated[
        str | None,
        Option("The metric that verdicts are based on.", "metrics.primary", metavar="NAME", panel=VERDICTS),
    ]
    margin: Annotated[
        float | None,
        Option(
            "Effects within it count as negligible, in units of the metric: 0.01 is one point.",
            "statistics.margin",
            panel=VERDICTS,
        ),
    ]
    population: Annotated[
        Population | None,
        Option(
            "The population of the intervals: replicates (these test images), images (others like them), or auto.",
            "statistics.population",
            metavar="NAME",
            panel=VERDICTS,
        ),
    ]
    trackers: Annotated[
        Texts | None,
        Option(
            "Follow the run in csv, tensorboard, mlflow or another tracker; may be repeated.",
            metavar="NAME[,KEY=VALUE]",
            flags=("--tracker",),
        ),
    ]


class ExecutionOptions(TypedDict, total=False):
    """How trials run; None leaves it to the study."""

    executor: Annotated[
        str | None,
        Option(
            "How trials run: processes, inline, ray, slurm or another executor.",
            metavar="NAME[,KEY=VALUE]",
            panel=EXECUTION,
        ),
    ]
    jobs: Annotated[
        str | int | None,
        Option(
            "Trials at once; auto, or without it: as many as the machine can well do, or one in a tuning "
            "and with the executor inline.",
            "execution.jobs",
            metavar="N|auto",
            panel=EXECUTION,
        ),
    ]
    threads: Annotated[
        int | None,
        Option(
            "Threads of each trial, on which results depend: the same for all trials of a study or tuning.",
            "execution.threads",
            panel=EXECUTION,
            min=1,
        ),
    ]
    devices: Annotated[
        Texts | None,
        Option(
            "Where trials run: cpu, or CUDA devices such as cuda:0,cuda:1.",
            metavar="NAME[,NAME]",
            panel=EXECUTION,
        ),
    ]
    per_device: Annotated[
        int | None, Option("Trials at once on one CUDA device.", "execution.per_device", panel=EXECUTION, min=1)
    ]
    trial_timeout: Annotated[
        str | float | None,
        Option(
            "Stop a trial, or the building of a variant, that takes longer, such as 2h; not with the executor inline.",
            "execution.trial_timeout",
            metavar="TIME",
            panel=EXECUTION,
        ),
    ]
    stall_timeout: Annotated[
        str | float | None,
        Option(
            "Stop a trial that makes no progress for this long, such as 10m; not with the executor inline.",
            "execution.stall_timeout",
            metavar="TIME",
            panel=EXECUTION,
        ),
    ]
    retries: Annotated[
        int | None, Option("Further attempts at a trial that fails.", "execution.retries", panel=EXECUTION, min=0)
    ]
    fail_fast: Annotated[
        bool | None,
        Option("Stop at the first trial that fails.", "execution.fail_fast", panel=EXECUTION, flags=("--fail-fast",)),
    ]
    memory: Annotated[
        str | int | None,
        Option(
            "Maximum memory of a trial, such as 8GB; not with the executor inline.",
            "execution.memory",
            metavar="SIZE",
            panel=EXECUTION,
        ),
    ]


class StudyOptions(QuestionOptions, ExecutionOptions, total=False):
    """What is asked of a study, and how its trials run."""

    detach: Annotated[
        bool | None,
        Option(
            "Submit the trials to the queue of the executor and do not wait; the same command collects the results.",
            "execution.detach",
            panel=EXECUTION,
            flags=("--detach",),
        ),
    ]


class PlanOptions(StudyOptions, total=False):
    """The same, and where and on which images the study is run."""

    runs: Annotated[
        str | Path,
        Option("The folder in which ledgers are kept.", metavar="FOLDER", default="runs"),
    ]
    skip_bad: Annotated[
        bool,
        Option("Skip unreadable images, and count them.", flags=("--skip-bad",), default=False),
    ]


class RunOptions(PlanOptions, total=False):
    """The same, and how long a run may take."""

    budget: Annotated[
        str | float | None,
        Option(
            "Start no trial that is not expected to end within this time, such as 2h, 90m, 1h30m or 45s.",
            metavar="TIME",
            panel=REPLICATES,
        ),
    ]


def options_of(group: type) -> dict[str, tuple[Any, Option]]:
    """Return the type and the :class:`Option` of each name in *group*, one of the classes above."""
    hints = get_type_hints(group, include_extras=True)
    return {name: (hint.__origin__, hint.__metadata__[0]) for name, hint in hints.items()}


Function = TypeVar("Function", bound=Callable[..., Any])


def spelled_out(function: Function) -> Function:
    """Give *function*, which takes ``**options: Unpack[...]``, the signature with every option in it.

    So ``help`` and notebooks show the options, and a name that is none raises :class:`TypeError`.
    """
    signature = inspect.signature(function)
    named = [each for each in signature.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
    found = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=option.default, annotation=hint)
        for name, (hint, option) in options_of(unpacked(function)).items()
    ]
    full = signature.replace(parameters=[*named, *found])

    @functools.wraps(function)
    def spelled(*words: Any, **options: Any) -> Any:
        bound = full.bind(*words, **options)
        return function(*bound.args, **bound.kwargs)

    spelled.__signature__ = full  # type: ignore[attr-defined]
    spelled.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\n{_documented(unpacked(function))}"
    return cast(Function, spelled)


def unpacked(function: Callable[..., Any]) -> type:
    """Return the group of options that *function* takes as ``**options: Unpack[GROUP]``."""
    kinds = {each.kind: each.annotation for each in inspect.signature(function).parameters.values()}
    annotation = str(kinds[inspect.Parameter.VAR_KEYWORD])  # the module's annotations are not evaluated
    name = annotation.removeprefix("Unpack[").removesuffix("]")
    return cast(type, inspect.unwrap(function).__globals__[name])


def _documented(group: type) -> str:
    lines = [f"    {name}: {_in_python(option.help)}" for name, (_, option) in options_of(group).items()]
    return "\n".join(["Options:", *lines])


def _in_python(text: str) -> str:
    return text.replace("; may be repeated", "").replace("--until-decided", "until_decided")


__all__ = [
    "ExecutionOptions",
    "Option",
    "PlanOptions",
    "RunOptions",
    "StudyOptions",
    "Texts",
    "Unpack",
    "options_of",
    "spelled_out",
    "unpacked",
]
