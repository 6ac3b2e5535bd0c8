"""Studies in which nothing is true: how often their tables find something."""

import numpy as np

from flowerablate.stats.boundaries import boundary_scores
from flowerablate.stats.sequential import t_of


def rejected(*tables):
    """How often any of *tables* rejects a true null.

    Each is the differences of N studies, float64 [N, all seeds], the seeds that it has, and its looks.
    """
    found = np.zeros(len(tables[0][0]), bool)
    for noise, seeds, looks in tables:
        for look, score in zip(looks, boundary_scores(looks, 0.05, 2), strict=True):
            if not look.is_lost:
                seen = noise[:, list(seeds)[: look.pairs]]
                t = seen.mean(axis=1) / seen.std(axis=1, ddof=1) * np.sqrt(look.pairs)
                found |= np.abs(t) >= t_of(score, look.pairs)
    return found.mean()
