"""The model of a small trained study."""

import pytest

from flowerablate.api.models import load_model


@pytest.fixture
def predictor(trained_study):
    """The model of the base's first replicate."""
    return load_model(trained_study.trial, device="cpu").predictor
