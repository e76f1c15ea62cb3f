"""Tables hold the record's numbers, each at its place, and come out of a file as they went in."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bn_lab import Experiment, train
from bn_lab.engine.history import PERCENTILES, History, stages
from bn_lab.files import tables
from bn_lab.sharing import decode

IRIS = Experiment(dataset="iris", arms=("none", "before"), epochs=70, seeds=3, seed=5, validation_share=0.2, depth=2)
BOSTON = Experiment(epochs=3, inputs="standardized", learning_rate=10.0, optimizer="sgd", arms=("none", "after"), seeds=2)


@pytest.fixture(scope="module", params=[IRIS, BOSTON], ids=["iris", "diverging"])
def history(request: pytest.FixtureRequest) -> History:
    return train(request.param)


def test_networks_have_a_row_for_each_arm_seed_and_epoch(history: History) -> None:
    frame, experiment = tables.networks(history), history.experiment
    assert len(frame) == len(experiment.arms) * experiment.seeds * history.epoch
    for a, arm in enumerate(experiment.arms):
        for s, seed in enumerate(experiment.seed_list):
            rows = frame[(frame.arm == arm) & (frame.seed == seed)]
            assert rows.epoch.tolist() == list(range(1, history.epoch + 1))
            np.testing.assert_array_equal(rows.train_loss, history.train_loss[a, s])
            if history.validation_accuracy is not None:
                np.testing.assert_array_equal(rows.validation_accuracy, history.validation_accuracy[a, s])
            if history.task == "regression":
                np.testing.assert_array_equal(rows.train_rmse, np.sqrt(history.train_loss[a, s]))
            known = rows.set_index("epoch").inference_loss
            whole = [snapshot for snapshot in history.snapshots if 0 < snapshot.epoch == int(snapshot.epoch)]
            for snapshot in whole:
                np.testing.assert_equal(known[int(snapshot.epoch)], snapshot.inference_loss[a, s])
            assert known.notna().sum() <= len(whole)


def test_networks_say_who_has_diverged() -> None:
    history = train(BOSTON)
    frame = tables.networks(history)
    assert history.divergences
    for each in history.divergences:
        rows = frame[(frame.arm == each.arm) & (frame.seed == each.seed)].set_index("epoch")
        assert rows.index[rows.diverged].min() == each.epoch
        assert rows.train_loss[rows.diverged].isna().all()
    assert frame.train_loss[~frame.diverged].notna().all()


def test_layers_have_a_row_for_each_snapshot_arm_layer_and_stage(history: History) -> None:
    frame = tables.layers(history)
    counts = {arm: history.experiment.depth * len(stages(arm)) for arm in history.experiment.arms}
    assert len(frame) == len(history.snapshots) * sum(counts.values())
    assert frame.epoch.unique().tolist() == [snapshot.epoch for snapshot in history.snapshots]
    assert 1 / history.plan.of_epoch(1) in frame.epoch.to_numpy(), "moments inside of an epoch are there too"
    snapshot, arm = history.snapshots[-1], history.experiment.arms[-1]
    rows = frame[(frame.epoch == snapshot.epoch) & (frame.arm == arm)].set_index(["layer", "stage"])
    record = snapshot.arms[arm]
    for layer in range(1, history.experiment.depth + 1):
        for k, stage in enumerate(stages(arm)):
            row = rows.loc[(layer, stage)]
            np.testing.assert_equal(row["mean"], record.mean[layer - 1, k])
            np.testing.assert_equal(row["p95"], record.percentiles[layer - 1, k, PERCENTILES.index(95)])
            np.testing.assert_equal(row["gradient_norm"], record.gradient_norm[layer - 1])
            np.testing.assert_equal(row["batch_variance_median"], record.batch_variance[layer - 1, 1])


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_file_holds_the_same_numbers(history: History, name: str) -> None:
    frame = tables.TABLES[name](history)
    stored = pd.read_parquet(io.BytesIO(tables.to_parquet(frame)))
    pd.testing.assert_frame_equal(stored, frame)
    assert decode(stored.attrs["experiment"]).experiment == history.experiment
    text = tables.to_csv(frame)
    assert text.decode("ascii").splitlines()[0].split(",") == list(frame.columns)
    read = pd.read_csv(io.BytesIO(text))
    pd.testing.assert_frame_equal(read, frame.replace([np.inf, -np.inf], np.nan), check_dtype=False)


def test_a_run_that_has_just_begun_has_tables_too() -> None:
    history = train(replace(IRIS, epochs=1))
    assert tables.networks(history).epoch.unique().tolist() == [1]
    assert not tables.layers(history).empty
