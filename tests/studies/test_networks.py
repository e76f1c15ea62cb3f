"""How networks are put together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bn_lab import timing
from bn_lab.engine.cost import seconds
from bn_lab.engine.members import VARIED
from bn_lab.experiment import FIELDS, Experiment
from bn_lab.studies.claims import STUDIES
from bn_lab.studies.networks import MOST, portions, structure


@pytest.mark.parametrize("name", STUDIES)
def test_every_network_is_in_one_portion_among_its_like(name: str) -> None:
    study = STUDIES[name].with_seeds(3)
    found = portions(study.networks, study.probes)
    assert sorted(network.key for portion in found for network in portion.networks) == sorted(n.key for n in study.networks)
    for portion in found:
        assert len({structure(network.experiment) for network in portion.networks}) == 1
        assert len({network.arm for network in portion.networks}) == 1
        assert 1 <= len(portion.networks) <= MOST
        assert portion.probes == study.probes
        assert portion.cost == seconds(portion.networks[0].experiment, len(portion.networks))


def test_the_first_networks_of_a_study_come_first() -> None:
    study = STUDIES["initialization"].with_seeds(1)
    first = {network.key for network in study.networks[:4]}  # a scale without and with batch normalization
    early = {network.key for portion in portions(study.networks)[:3] for network in portion.networks}
    assert first <= early


def test_structure_is_everything_that_may_not_vary() -> None:
    base = Experiment(arms=("before",), initializer="normal", dropout=0.1)
    for name, spec in FIELDS.items():
        if name in ("arms", "seeds"):
            continue
        options = (spec.range.low, spec.range.high) if spec.range else spec.options
        other = next(value for value in options if value != getattr(base, name))
        assert (structure(replace(base, **{name: other})) == structure(base)) == (name in VARIED)


def test_large_networks_go_in_small_portions_and_small_ones_in_large() -> None:
    def largest(experiment: Experiment) -> int:
        networks = replace(STUDIES["spread"], base=replace(experiment, arms=("before",), seeds=32)).networks
        return max(len(portion.networks) for portion in portions(networks))

    small, large = Experiment(epochs=50), Experiment(dataset="digits", width=256, depth=6, epochs=50)
    assert largest(small) == 32
    assert largest(large) == 1 or seconds(large, largest(large)) <= timing.PORTION
