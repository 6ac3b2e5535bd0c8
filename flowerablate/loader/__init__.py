"""Feeds batches to training: as a data set for torch's DataLoader, or prefetched into reused buffers."""

from .batches import Batches
from .dataset import Batch, KeyedSampler, PackedDataset, collate
from .order import CheckedOrder, Order

__all__ = ["Batch", "Batches", "CheckedOrder", "KeyedSampler", "Order", "PackedDataset", "collate"]
