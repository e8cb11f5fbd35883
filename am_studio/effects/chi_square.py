"""The upper tail of the chi-square distribution in closed form: loading scipy.stats for it takes longer than a whole table."""

from __future__ import annotations

import math


def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X >= statistic) for whole degrees of freedom (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5); 1 at or below 0.

    ValueError for fewer than one degree.
    """
    if degrees < 1:
        raise ValueError(f"{degrees} degrees of freedom")
    half = statistic / 2
    if half <= 0:
        return 1.0
    # Terms h^(k + r) / Gamma(k + r + 1), on the log scale so that neither overflows.
    odd = degrees % 2
    steps = range(1, (degrees + 1) // 2) if odd else range(degrees // 2)
    terms = [math.exp((k - odd / 2) * math.log(half) - half - math.lgamma(k - odd / 2 + 1)) for k in steps]
    return min(math.fsum([math.erfc(math.sqrt(half)) if odd else 0.0, *terms]), 1.0)
