"""The power of t tests, by the noncentral t distribution.

With a true effect of *lambda* standard errors, t is noncentral: ``(Z + lambda) / S``, with Z standard normal and S² an
independent chi² with *df* degrees of freedom over *df*. Its tail is an integral over S, taken by Gauss-Legendre
quadrature over the quantiles of S, to about .001, also where ``scipy.stats.nct`` gives nan.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POWER = 0.8
"""The power for which effects that can be detected are stated."""

_NODES = 256


def one_sided_power(noncentrality: float, df: float, alpha: float) -> float:
    """Return the power of a one-sided t test at *alpha* if the true effect is *noncentrality* standard errors."""
    from scipy.special import ndtr, stdtrit

    scales, weights = scaled_chi(df)
    return float(weights @ ndtr(noncentrality - float(stdtrit(df, 1 - alpha)) * scales))


def two_sided_power(noncentrality: float, df: float, alpha: float) -> float:
    """Return the power of a two-sided t test at *alpha*; it counts a significant effect of the wrong sign too."""
    return sum(one_sided_power(sign * noncentrality, df, alpha / 2) for sign in (1, -1))


@lru_cache(maxsize=4096)
def detectable_noncentrality(df: float, alpha: float, power: float = POWER) -> float:
    """Return the true effect, in standard errors, that a two-sided t test at *alpha* detects with probability *power*.

    0 if *alpha* is not below *power*: then it rejects as often without an effect. Raises :class:`ValueError` for values
    that are not between 0 and 1.
    """
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha {alpha} and power {power} must lie between 0 and 1")
    if alpha >= power:
        return 0.0
    low, high = 0.0, 1.0
    while two_sided_power(high, df, alpha) < power:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_power(middle, df, alpha) < power else (low, middle)
    return high


@cache
def _nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


@lru_cache(maxsize=256)
def scaled_chi(df: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values of S and their weights, whose sum is 1: S² is chi² with *df* degrees of freedom over *df*."""
    import numpy as np
    from scipy.special import gammaincinv

    quantiles, weights = _nodes()
    return np.sqrt(2 / df * gammaincinv(df / 2, quantiles)), weights
