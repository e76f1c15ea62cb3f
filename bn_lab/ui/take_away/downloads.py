"""The dialog "Take away": the report, numbers, weights, and the experiment as a file, which can be loaded again."""

from __future__ import annotations

from functools import partial

import streamlit as st

from bn_lab.codegen.loading import snippet
from bn_lab.datasets import table_of
from bn_lab.experiment import Arm, Experiment
from bn_lab.files import experiments, tables, weights
from bn_lab.i18n import Texts
from bn_lab.service import Trainer, Training
from bn_lab.ui import session, share
from bn_lab.ui.choose import one_of_many
from bn_lab.ui.file_names import file_name
from bn_lab.ui.files import download
from bn_lab.ui.own import holding
from bn_lab.ui.take_away import opening, verdicts
from bn_lab.ui.take_away.report import Report

PATIENCE = 30.0
"""Seconds that a download waits for weights; it takes long only where a run has to be trained again for them."""


def show(t: Texts) -> None:
    """Draw the content of the dialog."""
    experiment, training = session.experiment(), session.training()
    history = training.view.history
    begun = history is not None and history.steps > 0
    if not begun:
        st.info(t("take.untrained"), icon=":material/info:")
    _report(experiment, training, begun, t)
    _tables(experiment, training, begun, t)
    _weights(experiment, training, begun, t)
    _experiment(experiment, t)
    st.subheader(t("take.figures"))
    st.markdown(t("take.figures_about"))


def _report(experiment: Experiment, training: Training, begun: bool, t: Texts) -> None:
    st.subheader(t("take.report"))
    st.markdown(t("take.report_about"))
    if experiment.is_private:
        st.markdown(t("take.report_own"))
    report = Report(t, share.here(), verdicts.of_visit(experiment, t))
    name = file_name(experiment, "report", "html")
    download("HTML", lambda: report.of(training.view), name, key=f"take_{name}", ready=begun, primary=True)


def _tables(experiment: Experiment, training: Training, begun: bool, t: Texts) -> None:
    st.subheader(t("take.numbers"))
    for table in tables.TABLES:
        st.markdown(t("take.networks_about" if table == "networks" else "take.layers_about"))
        with st.container(horizontal=True):
            for ending, label in (("csv", "CSV"), ("parquet", "Parquet")):
                make, name = partial(_table, training, table, ending), file_name(experiment, table, ending)
                download(label, make, name, key=f"take_{name}", ready=begun)


def _table(training: Training, table: str, ending: str) -> bytes:
    history = training.view.history
    assert history is not None, "the training was dropped"
    return tables.WRITERS[ending](tables.TABLES[table](history))


def _weights(experiment: Experiment, training: Training, begun: bool, t: Texts) -> None:
    st.subheader(t("take.weights"))
    st.markdown(t("take.weights_about"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        arm = one_of_many("take_arm", t("take.arm"), experiment.arms, lambda arm: t(f"arm.{arm}"))
        seed = one_of_many("take_seed", t("field.seed"), experiment.seed_list, str)
        name = file_name(experiment, f"{arm}-seed{seed}", "safetensors")
        make = partial(_network, session.trainer(), training, arm, seed)
        download("safetensors", make, name, key=f"take_{name}", ready=begun)
    with st.expander(t("take.snippet"), icon=":material/code:"):
        st.code(snippet(experiment, arm, seed, name, holding.facts(experiment)), language="python")


def _network(trainer: Trainer, training: Training, arm: Arm, seed: int) -> bytes:
    trainer.attend()
    copy = training.network(arm, seed, PATIENCE)
    assert copy is not None, "the training was dropped, or training again takes too long"
    experiment = training.view.experiment
    return weights.to_safetensors(experiment, copy, table_of(experiment))


def _experiment(experiment: Experiment, t: Texts) -> None:
    st.subheader(t("take.experiment"))
    st.markdown(t("take.experiment_about"))
    name = file_name(experiment, "experiment", "json")
    download("JSON", partial(experiments.to_json, experiment), name, key=f"take_{name}")
    opening.show(t)
