"""The commands as ``flowerablate --help`` lists them, and where each is; none is imported for that."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its *module* here, the function or group in it, and the first paragraph of its help."""

    module: str
    attribute: str
    summary: str


COMMANDS: dict[str, dict[str, Entry]] = {
    "Studies": {
        "init": Entry("init", "init", "Write a commented study file, ready to be changed; nothing is asked."),
        "run": Entry("run", "run", "Run an ablation study and print its table."),
        "status": Entry(
            "status",
            "status",
            "Show how far the latest run of a study is: trials done, running, failed and left, and the time left.",
        ),
        "report": Entry("report", "report", "Print the ablation table of a study that has run, completely or in part."),
        "curves": Entry("curves", "curves", "Draw the training curves of finished trials, a row for each variant."),
        "tune": Entry(
            "tune", "tune", "Search for the settings that are best on validation, and write them as a study."
        ),
    },
    "Checks before a study": {
        "sanity": Entry("sanity", "sanity", "Run the checks that should come before any ablation, rung by rung."),
        "explain": Entry(
            "explain", "explain", "Show what each step does to one image in one epoch, with the values that it draws."
        ),
        "data": Entry("data", "app", "Look at a data set before training on it."),
    },
    "Trained models": {
        "predict": Entry("predict", "predict", "Predict the class of images with a trained model."),
        "evaluate": Entry("evaluate", "evaluate", "Measure a trained model on labelled images that it has not seen."),
        "gradcam": Entry(
            "gradcam", "gradcam", "Draw where a trained model finds the evidence for its answer (Grad-CAM)."
        ),
        "export": Entry("export", "export", "Export a trained model, checked against the model itself."),
        "card": Entry("card", "card", "Write the model card of a trained model, in Markdown."),
    },
    "Components and this machine": {
        "list": Entry("listing", "list_components", "List the components that can be used in a study."),
        "schema": Entry(
            "schema", "schema", "Print the JSON Schema of a study file, with the components that are installed."
        ),
        "plugins": Entry(
            "plugins",
            "list_plugins",
            "List the plugins, what they provide, and those that cannot be used, with the reason.",
        ),
        "doctor": Entry(
            "doctor",
            "doctor",
            "Show what is used on this machine, check that it works, and name a cure for what does not.",
        ),
        "bench": Entry(
            "bench", "bench", "Time the native core on this machine, compared with OpenCV and torchvision if installed."
        ),
        "plugin": Entry("scaffold", "app", "Write your own plugins."),
    },
}
"""The commands, as they are grouped in the help."""
