"""Marks for single parameters of a test."""

import pytest


def slow(*values):
    """Parameters that are tried among the long proofs only."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]
