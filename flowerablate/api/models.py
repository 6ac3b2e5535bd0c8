"""A trained model in use: predictions, metrics, maps, a card, other formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ..errors import StudyError, nearest
from ..files import replacing, write_json
from ..ledger import Ledger, TrialFolder
from ..train.threads import wait_politely
from .caller import files_in_one_line, warn_caller
from .option_values import path_of, texts
from .options import Texts

if TYPE_CHECKING:
    from torch import nn

    from ..inference import Predictor
    from ..inference.export import Exported
    from ..inference.predictor import PredictionOutcome, Unreadable
    from ..reading.model_scores import ModelScores
    from ..report.model_card import TestScores
    from ..report.saliency_sheet import SaliencyImage
    from ..wiring.assemble import Assembler
    from ..wiring.trained_model import ModelRecord

BATCH = 128
"""Images in a batch, as when trials are evaluated."""

_BATCH_OF_MAPS = 16

Paths = str | Path | Iterable[str | Path]


class Listener(Protocol):
    """Hears how far a model is, and what is to be known; every observer of a run is one."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """*what* has done *done* of *total*."""

    def remarked(self, text: str) -> None:
        """*text* is to be known."""


class Warner:
    """A :class:`Listener` for Python: what is to be known becomes a warning."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Ignore how far it is."""

    def remarked(self, text: str) -> None:
        """Warn of *text*."""
        warn_caller(text.removeprefix("warning: "))


@dataclass(frozen=True, repr=False, eq=False)
class TrainedModel:
    """A model with the preprocessing that it was trained with, ready to use.

    *path*: its checkpoint. *record*: the description in the checkpoint, such as the pipeline, the classes, the seed.
    *choice*: a line on why it is this one, where there was a choice. Methods take the paths of images, a folder stands
    for all images below it.
    """

    path: Path
    predictor: Predictor
    record: ModelRecord
    assembler: Assembler
    choice: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of the probabilities."""
        return self.predictor.classes

    @property
    def module(self) -> nn.Module:
        """The network: preprocessed images, float32 [B, C, S, S], to logits, float32 [B, K]."""
        return self.predictor.model

    @files_in_one_line()
    def predict(self, images: Paths, *, batch_size: int = BATCH) -> Iterator[PredictionOutcome]:
        """Yield for each image, in order, a Prediction or, where it cannot be read, Unreadable with its *reason*.

        A Prediction has *path*, *label*, *probability*, *probabilities* (float64 [K]) and ``top(count)``. Memory stays
        flat however many images there are. Raises :class:`~flowerablate.DataError` for a path that does not exist.
        """
        return self.predictor.predict(_files(images), batch_size=batch_size)

    @files_in_one_line()
    def evaluate(
        self,
        data: Path | str,
        metrics: Texts | None = None,
        *,
        part: str | None = None,
        label_from: str | None = None,
        allow_missing: bool = False,
        skip_bad: bool = False,
        batch_size: int = BATCH,
        listener: Listener | None = None,
    ) -> ModelScores:
        """Measure the model on labelled images that it has not seen: a folder of classes, or what a data set reads.

        *metrics*: those of its study if none is named. *part* of an official split: train, validation (or val), test or
        all; test if none is named. *label_from*: a regular expression whose first group, in the path of an image, is
        its class; None: as in the study. *allow_missing*: accept classes of the model without an image. *skip_bad*:
        leave out unreadable images. Intervals, at 95 %, are over images, or over groups of them, such as patients,
        where the data set has groups: they do not cover the variation from training.

        Raises :class:`~flowerablate.DataError` for the images, :class:`~flowerablate.StudyError` for a metric.
        """
        from ..reading.model_scores import score_model
        from .labelled_images import labelled_images, labels_of, part_of, predictions_of, seen_in_training

        reporter, data = listener or Warner(), path_of(data, "data")
        self.assembler.progress = reporter.preparing
        least = 1 if allow_missing else 2
        whole = labelled_images(
            data, self.record, self.assembler, label_from=label_from, min_classes=least, skip_bad=skip_bad
        )
        samples, remark = part_of(whole, part, data)
        labels = labels_of(samples, self.classes, data, allow_missing=allow_missing)
        if remark and listener is not None:
            reporter.remarked(remark)
        if seen_in_training(whole, part, self.record, reporter.preparing):
            reporter.remarked(f"warning: {data} contains images of the study itself, including those of its training")
        predictions = predictions_of(
            samples, labels, self.predictor, batch_size, reporter.preparing, reporter.remarked, skip_bad=skip_bad
        )
        return score_model(predictions, texts(metrics, "metrics") or list(self.record.metrics), self.assembler)

    @files_in_one_line()
    def gradcam(
        self, images: Paths, of: str | None = None, *, listener: Listener | None = None
    ) -> Iterator[tuple[Path, SaliencyImage]]:
        """Yield for each image where the model finds its evidence (Grad-CAM), for class *of* or the predicted one.

        The second of each pair has the image as the model saw it, uint8 [S, S, C], and the *map*, float32 [S, S] from 0
        to 1. An image that cannot be read is left out with a warning. Raises :class:`~flowerablate.StudyError` for an
        unknown class.
        """
        if of is not None and of not in self.classes:
            raise StudyError(f"the model has no class {of!r}; {nearest(of, self.classes)}")
        return self._maps(_files(images), of, listener or Warner())

    def _maps(self, paths: Sequence[Path], of: str | None, listener: Listener) -> Iterator[tuple[Path, SaliencyImage]]:
        from ..inference import Unreadable
        from ..inference.gradcam import grad_cam
        from ..report.saliency_sheet import SaliencyImage

        wanted = None if of is None else self.classes.index(of)
        done = 0
        for outcomes, batch in self.predictor.batches(paths, _BATCH_OF_MAPS):
            maps = grad_cam(self.predictor, batch, wanted) if len(batch) else None
            row = 0
            for each in outcomes:
                done += 1
                if isinstance(each, Unreadable):
                    listener.remarked(unread(each))
                elif maps is not None:
                    p = maps.probabilities[row]
                    text = f"{self.classes[int(p.argmax())]} {100 * p.max():.1f} %"
                    if of is not None:
                        text += f"; map of {of}, {100 * p[maps.classes[row]]:.1f} %"
                    yield each, SaliencyImage(self.predictor.pixels(each), maps.values[row], each.name, text)
                    row += 1
                listener.preparing("computing maps", done, len(paths))

    @files_in_one_line()
    def export(self, path: Path | str, format: str, *, tolerance: float = 1e-4) -> Exported:
        """Write the model to *path* as ``onnx``, ``torchscript`` or ``pt2``; PATH.json describes inputs and outputs.

        It is run at once: nothing is written where a logit differs from that of the model itself by more than
        *tolerance*, relative to the largest logit; that raises :class:`~flowerablate.TrainingError`.
        """
        from ..inference.export import export, preprocessing

        path = path_of(path, "path")
        found = export(self.predictor, format, tolerance=tolerance)
        facts = {
            "format": found.format,
            "classes": list(self.classes),
            **preprocessing(self.predictor),
            "largest_difference": found.difference,
            "checked_by": found.checked_by,
            **{name: getattr(self.record, name) for name in ("study", "trial", "variant", "seed", "data")},
            "versions": dict(self.record.versions),
        }
        with replacing(path) as file:
            file.write(found.content)
        write_json(path.with_name(f"{path.name}.json"), facts)
        return found

    @files_in_one_line()
    def card(self) -> str:
        """Return the model card, Markdown: data, split, preprocessing, training, metrics, versions."""
        from ..report.model_card import Card, model_card

        record = self.record
        return model_card(
            Card(
                study=record.study,
                trial=record.trial,
                variant=record.variant,
                seed=record.seed,
                epoch=record.epoch,
                classes=record.classes,
                pipeline=record.pipeline,
                counts=record.counts,
                data=record.data,
                parameters=sum(parameter.numel() for parameter in self.module.parameters()),
                owners=record.owners,
                versions=record.versions,
                tested=self._test_scores(),
            )
        )

    def _test_scores(self) -> TestScores | None:
        """Return the test scores of the trial that the checkpoint belongs to; None if it is not in a trial folder."""
        from ..reading.model_scores import score_model
        from ..report.model_card import TestScores

        folder, record = TrialFolder(self.path.parent), self.record
        if self.path.parent.name != record.trial or not folder.has_predictions:
            return None
        found = score_model(folder.predictions(), record.metrics, self.assembler)
        return TestScores(
            found.images,
            found.groups,
            found.class_groups,
            found.metrics,
            found.infos,
            found.by_class,
            found.confusion,
            found.calibration_error,
            _across(folder.path.parents[1], record.variant, record.metrics[0]),
        )

    def __repr__(self) -> str:
        record = self.record
        return f"<TrainedModel {record.variant}, seed {record.seed} of {record.study}, classes {list(self.classes)}>"


@files_in_one_line()
def load_model(
    model: Path | str,
    variant: str | None = None,
    seed: int | None = None,
    *,
    runs: Path | str = "runs",
    local: Path | str | None = None,
    device: str = "auto",
    changed_plugins: bool = False,
) -> TrainedModel:
    """Return the model that *model* names: a checkpoint, the folder of a trial, or a study by name or ledger.

    Of a study it is the base's replicate that is best on validation, unless *variant*, as the table calls it, and
    *seed* choose another; the test split has no part in that. *runs*: the folder of studies that are named. *local*: a
    folder whose ``flowerablate_local.py`` is to be loaded; no other code is but that of the plugins installed.
    *device*: auto, cpu, cuda or cuda:1. *changed_plugins*: accept plugins whose source is not what it was in training.

    Raises :class:`~flowerablate.LedgerError` where there is no such model, :class:`~flowerablate.TrainingError` where
    the checkpoint is damaged or does not fit, :class:`~flowerablate.PluginError` where a plugin is missing or changed.
    Another version of a plugin is warned of.
    """
    from ..discovery import discover
    from ..reading.find_study import find_checkpoint
    from ..wiring.assemble import make_assembler
    from .running import warn_of_unusable

    path, choice = find_checkpoint(path_of(model, "load_model"), path_of(runs, "runs"), variant, seed)
    folder = None if local is None else path_of(local, "local").absolute()
    catalogue = discover(folder)
    warn_of_unusable(catalogue)
    assembler = make_assembler(catalogue.registry, folder or Path().absolute())
    return open_model(path, assembler, device=device, changed_plugins=changed_plugins, listener=Warner(), choice=choice)


def open_model(
    path: Path,
    assembler: Assembler,
    *,
    device: str = "auto",
    changed_plugins: bool = False,
    listener: Listener,
    choice: str = "",
) -> TrainedModel:
    """Put the model of the checkpoint at *path* together; errors are those of :func:`load_model`."""
    wait_politely()  # before torch is imported by what follows

    from ..train.device import pick_device
    from ..wiring.trained_model import load_predictor

    predictor, record = load_predictor(
        path,
        assembler,
        device=pick_device(device),
        changed_plugins=changed_plugins,
        warn=lambda text: listener.remarked(f"warning: {text}"),
    )
    return TrainedModel(path, predictor, record, assembler, choice)


def unread(image: Unreadable) -> str:
    """Return the line on an *image* that is left out."""
    return f"left out: {image.reason.partition(';')[0]}"


def _files(images: Paths) -> list[Path]:
    from ..inference.image_files import find_images

    several = isinstance(images, Iterable) and not isinstance(images, str)
    named = cast("Iterable[str | Path]", images if several else [images])
    return find_images([path_of(path, "images") for path in named])


def _across(root: Path, variant: str, metric: str) -> dict[str, list[float]]:
    """Return the values of *metric* over the replicates of *variant* in the ledger at *root*."""
    from ..contracts import finished

    ledger = Ledger(root)
    note = ledger.note()
    results = finished(ledger.results(note.base_id)) if note else []
    values = [result.metrics[metric] for result in results if result.label == variant and metric in result.metrics]
    return {metric: values} if values else {}
