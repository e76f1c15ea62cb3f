"""What several seeds have in common."""

from __future__ import annotations

import numpy as np
import pytest

from bn_lab.engine.seeds import median, spread


@pytest.mark.parametrize("seeds", [1, 2, 3, 4])
def test_spread_leaves_out_what_is_not_finite(seeds: int) -> None:
    values = np.random.default_rng(seeds).normal(size=(seeds, 6))
    values[0, 1] = np.nan
    values[-1, 2] = np.inf
    values[:, 3] = np.nan
    low, middle, high = spread(values)
    for k in range(values.shape[1]):
        finite = values[np.isfinite(values[:, k]), k]
        wanted = [finite.min(), np.median(finite), finite.max()] if len(finite) else [np.nan] * 3
        np.testing.assert_allclose([low[k], middle[k], high[k]], wanted)
    np.testing.assert_array_equal(median(values), middle)
