"""The commands as ``flowerablate --help`` lists them, and where each is; none is imported for that."""

from __future__ import annotations

from typing import NamedTuple


class CommandEntry(NamedTuple):
    """A command: its *module* here, the function or group in it, and the first paragraph of its help."""

    module: str
    attribute: str
    summary: str


COMMANDS: dict[str, dict[str, CommandEntry]] = {
    "Studies": {
        "init": CommandEntry("init", "init", "Write a commented study file, ready to be changed; nothing is asked."),
        "run": CommandEntry("run", "run", "Run an ablation study and print its table."),
        "status": CommandEntry(
            "status",
            "status",
            "Show how far the latest run of a study is: trials done, running, failed and left, and the time left.",
        ),
        "report": CommandEntry(
            "report", "report", "Print the ablation table of a study that has run, completely or in part."
        ),
        "curves": CommandEntry(
            "curves", "curves", "Draw the training curves of finished trials, a row for each variant."
        ),
        "tune": CommandEntry(
            "tune", "tune", "Search for the settings that are best on validation, and write them as a study."
        ),
    },
    "Checks before a study": {
        "sanity": CommandEntry(
            "sanity", "sanity", "Run the checks that should come before any ablation, rung by rung."
        ),
        "explain": CommandEntry(
            "explain", "explain", "Show what each step does to one image in one epoch, with the values that it draws."
        ),
        "data": CommandEntry("data", "app", "Look at a data set before training on it."),
    },
    "Trained models": {
        "predict": CommandEntry("predict", "predict", "Predict the class of images with a trained model."),
        "evaluate": CommandEntry(
            "evaluate", "evaluate", "Measure a trained model on labelled images that it has not seen."
        ),
        "gradcam": CommandEntry(
            "gradcam", "gradcam", "Draw where a trained model finds the evidence for its answer (Grad-CAM)."
        ),
        "export": CommandEntry("export", "export", "Export a trained model, checked against the model itself."),
        "card": CommandEntry("card", "card", "Write the model card of a trained model, in Markdown."),
    },
    "Components and this machine": {
        "list": CommandEntry("listing", "list_components", "List the components that can be used in a study."),
        "schema": CommandEntry(
            "schema", "schema", "Print the JSON Schema of a study file, with the components that are installed."
        ),
        "plugins": CommandEntry(
            "plugins",
            "list_plugins",
            "List the plugins, what they provide, and those that cannot be used, with the reason.",
        ),
        "doctor": CommandEntry(
            "doctor",
            "doctor",
            "Show what is used on this machine, check that it works, and name a cure for what does not.",
        ),
        "bench": CommandEntry(
            "bench", "bench", "Time the native core on this machine, compared with OpenCV and torchvision if installed."
        ),
        "plugin": CommandEntry("scaffold", "app", "Write your own plugins."),
    },
}
"""The commands, as they are grouped in the help."""
