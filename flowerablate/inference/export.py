"""Exports a model to ONNX, TorchScript or torch's exported program, and checks the result against the model.

An exported model takes any number of preprocessed images, float32 [batch, C, S, S], and returns logits [batch, K].
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..contracts import NativeOp
from ..errors import FlowerablateError, TrainingError, nearest, one_line
from ..keyed import key64
from ..preprocess import NamedOp
from .predictor import Predictor

TOLERANCE = 1e-4
"""Maximum difference of a logit, relative to the largest logit (or 1), that another order of summation may explain."""

_TRACED = 2
_CHECKED = (1, 5)
"""Batch size when tracing, and when comparing: they differ, so that no batch size can be hard-coded unnoticed."""

_QUIET = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir", "torch._dynamo", "torch.fx")

Run = Callable[[Tensor], NDArray[np.float32]]


@dataclass(frozen=True)
class Exported:
    """A model as the *content* of a file. *difference*: the maximum for a logit, in the runtime *checked_by*."""

    content: bytes
    format: str
    difference: float
    checked_by: str


def export(predictor: Predictor, format: str, *, tolerance: float = TOLERANCE) -> Exported:
    """Return the model of *predictor* in *format*: ``onnx``, ``torchscript`` or ``pt2``.

    Raises :class:`TrainingError` if the format does not support the model, or if the exported model's outputs differ
    from the model's on images of the real shape.
    """
    if format not in FORMATS:
        raise FlowerablateError(f"no format {format!r}; {nearest(format, FORMATS)}")
    model = copy.deepcopy(predictor.model).cpu().eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with _quiet():
        try:
            content, run, checked_by = FORMATS[format](model, _images(predictor, _TRACED))
        except FlowerablateError:
            raise
        except Exception as error:
            raise TrainingError(f"the model cannot be exported as {format}: {_cause(error)}") from error
        difference = max(_difference(model, run, _images(predictor, count), format) for count in _CHECKED)
    if not difference <= tolerance:
        raise TrainingError(
            f"as {format} the model differs from itself by {difference:.3g} (relative), more than {tolerance:g}, so "
            "nothing is written; remove layers that depend on the data (if, random draws), or choose another format"
        )
    return Exported(content, format, difference, checked_by)


def preprocessing(predictor: Predictor) -> dict[str, Any]:
    """Return, as JSON values, the preprocessing that an exported model expects of an image."""
    ops = [_op(named) for named in (*predictor.prefix.ops, *predictor.evaluate.ops)]
    return {
        "input": {**asdict(predictor.input), "layout": "float32 [batch, channels, height, width]"},
        "decoded_at_least": predictor.min_side,
        "steps": ops,
        "output": "logits [batch, classes]; softmax gives the probabilities",
    }


def _op(named: NamedOp) -> dict[str, Any]:
    if isinstance(named.op, NativeOp):
        return {"step": named.name, "op": named.op.op, "params": dict(named.op.params)}
    return {"step": named.name, "op": "python", "params": {}}


def _images(predictor: Predictor, count: int) -> Tensor:
    plan = predictor.input
    numbers = np.random.default_rng(key64("export", str(count)))
    shape = (count, plan.channels, plan.image_size, plan.image_size)
    return torch.from_numpy(numbers.standard_normal(shape, dtype=np.float32))


def _difference(model: nn.Module, run: Run, images: Tensor, format: str) -> float:
    with torch.inference_mode():
        wanted = model(images).float().numpy()
    try:
        found = run(images)
    except Exception as error:
        raise TrainingError(
            f"as {format} the model does not run on a batch of {len(images)}: {_cause(error)}; nothing is written"
        ) from error
    if found.shape != wanted.shape:
        raise TrainingError(f"as {format} the model returns {list(found.shape)} instead of {list(wanted.shape)}")
    scale = max(1.0, float(np.abs(wanted).max()))
    return float(np.abs(found.astype(np.float64) - wanted).max()) / scale


def _onnx(model: nn.Module, images: Tensor) -> tuple[bytes, Run, str]:
    for module in ("onnx", "onnxscript"):
        if importlib.util.find_spec(module) is None:
            raise FlowerablateError(f"ONNX needs {module}; install it with: pip install 'flowerablate[onnx]'")
        try:
            importlib.import_module(module)
        except ImportError as error:
            cure = "reinstall it with: pip install --force-reinstall 'flowerablate[onnx]'"
            raise FlowerablateError(f"{module} cannot be imported ({error}); {cure}") from None
    try:
        program = torch.onnx.export(
            model, (images,), input_names=["images"], output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},), dynamo=True, verbose=False,
        )  # fmt: skip
    except Exception as error:
        raise TrainingError(f"the model cannot be exported as onnx: {_cause(error)}; choose the format pt2") from error
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    if importlib.util.find_spec("onnxruntime") is None:
        evaluator = _reference(content)
        return content, evaluator, "onnx.reference"
    import onnxruntime  # type: ignore[import-untyped, unused-ignore]

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return content, lambda images: np.asarray(session.run(None, {"images": images.numpy()})[0]), "onnxruntime"


def _reference(content: bytes) -> Run:
    import onnx
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(onnx.load_from_string(content))

    def run(images: Tensor) -> NDArray[np.float32]:
        outputs: Any = evaluator.run(None, {"images": images.numpy()})
        return np.asarray(outputs[0])

    return run


def _torchscript(model: nn.Module, images: Tensor) -> tuple[bytes, Run, str]:
    # Traced, not scripted: a plugin's model need not be written in TorchScript's subset of Python.
    with torch.inference_mode():
        content: bytes = torch.jit.trace(model, images).save_to_buffer()  # type: ignore[no-untyped-call]
    again = torch.jit.load(io.BytesIO(content))  # type: ignore[no-untyped-call]
    return content, _by_torch(again), "torch.jit"


def _pt2(model: nn.Module, images: Tensor) -> tuple[bytes, Run, str]:
    program = torch.export.export(model, (images,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    buffer = io.BytesIO()
    torch.export.save(program, buffer)
    again = torch.export.load(io.BytesIO(buffer.getvalue())).module()
    return buffer.getvalue(), _by_torch(again), "torch.export"


def _by_torch(module: Callable[[Tensor], Tensor]) -> Run:
    def run(images: Tensor) -> NDArray[np.float32]:
        with torch.no_grad():
            found: NDArray[np.float32] = module(images).float().numpy()
        return found

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the exporters' progress and warnings; their errors are exceptions."""
    loggers = [logging.getLogger(name) for name in _QUIET]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _cause(error: BaseException) -> str:
    """Return the first line of the innermost error; exporters wrap it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return one_line(error, first=True)


FORMATS: dict[str, Callable[[nn.Module, Tensor], tuple[bytes, Run, str]]] = {
    "onnx": _onnx,
    "torchscript": _torchscript,
    "pt2": _pt2,
}
"""The exporter of each format. It returns the file's content, a function that runs it, and the runtime's name."""
