"""An exported model says what the model says, for any number of images, or there is none."""

import io
import sys

import pytest
import torch
from torch import nn

from flowerablate.errors import FlowerablateError, TrainingError
from flowerablate.inference import export as exporting
from flowerablate.inference.export import FORMATS, export, preprocessing


@pytest.mark.parametrize("format", FORMATS)
def test_the_exported_model_gives_the_logits_of_the_model(predictor, format):
    if format == "onnx":
        pytest.importorskip("onnxscript")
    exported = export(predictor, format)
    assert exported.format == format
    assert 0 <= exported.difference < 1e-4
    assert len(exported.content) > 1000


def test_a_pt2_file_is_loaded_without_this_package(predictor):
    module = torch.export.load(io.BytesIO(export(predictor, "pt2").content)).module()
    images = torch.randn(3, 3, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(module(images), predictor.model(images), atol=1e-4, rtol=1e-4)


class Weighed(nn.Module):
    """Has an operation that no exporter to ONNX knows."""

    def forward(self, images):
        return torch.linalg.eigvals(images.mean(dim=1)).real[:, :2]


class Drawing(nn.Module):
    """Says something else at each call."""

    def forward(self, images):
        return torch.rand_like(images[:, :2, 0, 0])


class Counting(nn.Module):
    """Takes the number of images for a constant when it is traced."""

    def forward(self, images):
        return images.mean(dim=(1, 2, 3)).reshape(-1, 1).repeat(1, 2) * len(images)


def test_an_operation_that_onnx_lacks_is_a_clear_error(predictor):
    pytest.importorskip("onnxscript")
    predictor.model = Weighed()
    with pytest.raises(TrainingError, match=r"cannot be exported as onnx: .*linalg_eig.*choose the format pt2"):
        export(predictor, "onnx")


def test_a_model_that_draws_at_random_is_refused(predictor):
    predictor.model = Drawing()
    with pytest.raises(TrainingError, match=r"as torchscript the model differs from itself by .* nothing is written"):
        export(predictor, "torchscript")


def test_a_model_whose_trace_holds_for_one_batch_only_is_refused(predictor):
    predictor.model = Counting()
    with pytest.raises(TrainingError, match="as torchscript the model differs from itself"):
        export(predictor, "torchscript")


def test_a_missing_library_is_said_with_the_cure(predictor, monkeypatch):
    monkeypatch.setattr(exporting.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FlowerablateError, match=r"pip install 'flowerablate\[onnx\]'"):
        export(predictor, "onnx")
    with pytest.raises(FlowerablateError, match="no format 'caffe'"):
        export(predictor, "caffe")


def test_a_library_that_is_broken_is_named(predictor, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # importing it raises ImportError
    monkeypatch.setattr(exporting.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "onnx", object())
    with pytest.raises(FlowerablateError, match=r"onnxscript cannot be imported .* pip install --force-reinstall"):
        export(predictor, "onnx")


def test_the_model_itself_is_left_as_it_was(predictor):
    before = {name: value.clone() for name, value in predictor.model.state_dict().items()}
    export(predictor, "torchscript")
    assert all(torch.equal(value, before[name]) for name, value in predictor.model.state_dict().items())
    assert all(parameter.requires_grad for parameter in predictor.model.parameters())


def test_the_preprocessing_is_told_step_by_step_with_its_numbers(predictor):
    described = preprocessing(predictor)
    assert [step["step"] for step in described["steps"]] == ["resize", "crop", "normalize"]
    assert len(described["steps"][-1]["params"]["mean"]) == 3
    assert described["input"]["image_size"] == 16
