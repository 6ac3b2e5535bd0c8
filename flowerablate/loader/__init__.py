"""Feeds batches to training: as a data set for torch's DataLoader, or ahead of time into buffers that are reused."""

from .batches import Batches
from .dataset import Batch, KeyedSampler, PackedDataset, collate

__all__ = ["Batch", "Batches", "KeyedSampler", "PackedDataset", "collate"]
