"""Pictures of own data: Plotly accepts them, and they show the numbers they were given."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from bn_lab.datasets.uploads import correlations, distribution, read
from bn_lab.figures import uploads
from bn_lab.i18n import LANGUAGES, texts
from tests.datasets.uploads.made import mixed, written


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("narrow", [False, True])
def test_pictures_show_what_was_counted(language: str, narrow: bool) -> None:
    t = texts(language)
    columns = [each for each in read(written(mixed())).columns if each.is_usable]
    counts = [distribution(each) for each in columns]
    figure = go.Figure(uploads.distributions(counts, t, narrow=narrow))
    assert [tuple(trace.y) for trace in figure.data] == [each.counts for each in counts]
    numbers = [each for each in columns if each.numbers is not None]
    values = correlations(numbers)
    figure = go.Figure(uploads.correlations([each.name for each in numbers], values, t, narrow=narrow))
    np.testing.assert_allclose(np.array(figure.data[0].z, float), values)


def test_columns_with_the_same_beginning_stay_apart() -> None:
    names = ["a very long name of a column 1", "a very long name of a column 2"]
    figure = go.Figure(uploads.correlations(names, np.eye(2), texts("en")))
    assert len(set(figure.data[0].x)) == 2
    assert names[0] in figure.data[0].customdata[0][1]
