"""Feeds batches to training: reused buffers, pinned where CUDA is there, filled ahead of time."""

from .batches import Batches

__all__ = ["Batches"]
