"""Finds, before any training, the questions whose answer is zero because their arms are the same.

Every variant processes the same real images and builds its model, loss, optimizer and schedule; the results are
compared (:mod:`.pixels`, :mod:`.part_traces`). If two variants are the same, :mod:`.causes` looks for the step or part
at which their difference disappears.
"""

from .design import Probed, probe_design

__all__ = ["Probed", "probe_design"]
