"""The steps of the lesson as data: what each speaks of, what it asks, how the numbers answer, and where it opens.

To add one: an entry of `STEPS`, and its texts `lesson.<id>.…` in both catalogues. What they refer to is in `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from bn_lab import numerals
from bn_lab.datasets import table_of
from bn_lab.experiment import Experiment
from bn_lab.figures import lesson as figures
from bn_lab.figures.sheet import Spec
from bn_lab.presets import DIGITS, LESSON, PRESETS
from bn_lab.ui.algorithm.scene import Selection
from bn_lab.ui.lesson.answers import (
    LEARNERS,
    SAME,
    Answering,
    changed,
    compared,
    grown,
    learned,
    overtaken,
    with_memory,
)


@dataclass(frozen=True)
class Step:
    """A step of the lesson.

    Attributes:
        id: in links and texts: `lesson.<id>.title`, `.text`, `.question`, `.why`, and `.numbers` where the answer has values.
        chapter: heading that it stands under, `lesson.chapter.<chapter>`.
        experiment: what its answer is computed from, and what it opens in the lab, trained to the end.
        options: ids to choose from.
        answer: what a finished training of the experiment says.
        figure: what shows it, a function of (history, texts, narrow=…); None where the numbers are enough.
        formulas: TeX, shown below the text.
        facts: numbers that the text itself needs, from the data.
        programs: arms whose programs are shown.
        algorithm: what it opens on the Algorithm page; part: anchor of the part of that page.
        study: the study of the Claims page that asks the same over more conditions.
        sources: what it refers to, names of `SOURCES`.
    """

    id: str
    chapter: str
    experiment: Experiment
    options: tuple[str, ...]
    answer: Answering
    figure: Callable[..., Spec] | None = None
    formulas: tuple[str, ...] = ()
    facts: Callable[[], Mapping[str, object]] | None = None
    programs: tuple[str, ...] = ()
    algorithm: Selection | None = None
    part: str = ""
    study: str = ""
    sources: tuple[str, ...] = ()


LOSS = figures.curves
ACCURACY = partial(figures.curves, measure="accuracy")
VALIDATION_LOSS = partial(figures.curves, split="validation")
VALIDATION_ACCURACY = partial(figures.curves, measure="accuracy", split="validation")

FACTORS = {"below_2": 2.0, "to_10": 10.0, "above_10": float("inf")}
CHANGES = {"nothing": 0.01, "little": 1.0, "much": float("inf")}

RATE = 1.0
"""A learning rate a hundred times the textbook's."""

NETWORK = replace(DIGITS, depth=3, initializer="he_normal", seeds=6)
"""The textbook's network with three hidden layers and weights that suit them, six times."""


def spread_of_features() -> Mapping[str, object]:
    """The features of the lesson's data that vary most and least, and by how many times."""
    table = table_of(LESSON)
    stds = table.features.std(axis=0)
    most, least = int(stds.argmax()), int(stds.argmin())
    values = {"largest_std": numerals.short(stds[most]), "smallest_std": numerals.short(stds[least])}
    names = {"largest": table.feature_names[most], "smallest": table.feature_names[least]}
    return {**values, **names, "factor": numerals.short(stds[most] / stds[least])}


STEPS: Mapping[str, Step] = {
    step.id: step
    for step in (
        Step(
            "scale",
            "why",
            replace(LESSON, arms=("none", "standardized"), epochs=100, seeds=10),
            ("none", "standardized", SAME),
            compared("train_loss", "standardized", "none", 0.1),
            LOSS,
            (r"z=\sum_j w_j x_j+b,\qquad \frac{\partial L}{\partial w_j}=\frac{\partial L}{\partial z}\,x_j",),
            spread_of_features,
            sources=("lecun1998",),
        ),
        Step(
            "layers",
            "why",
            replace(LESSON, inputs="standardized", epochs=100),
            tuple(FACTORS),
            grown(3, FACTORS),
            figures.spreads,
            sources=("ioffe2015",),
        ),
        Step(
            "normalize",
            "algorithm",
            replace(LESSON, epochs=32),
            tuple(CHANGES),
            changed(1, 1000, 50, CHANGES),
            formulas=(
                r"\mu_B=\frac1m\sum_i x_i,\qquad \sigma_B^2=\frac1m\sum_i(x_i-\mu_B)^2",
                r"\hat x_i=\frac{x_i-\mu_B}{\sqrt{\sigma_B^2+\epsilon}},\qquad y_i=\gamma\hat x_i+\beta",
            ),
            algorithm=Selection(arm="before", epoch=32),
            part="steps",
            sources=("ioffe2015",),
        ),
        Step(
            "inference",
            "algorithm",
            replace(LESSON, dataset="iris", epochs=20, seeds=10),
            ("train_loss", "inference_loss", SAME),
            with_memory(compared("train_loss", "before", "before", 0.1, "inference_loss")),
            formulas=(r"\mu\leftarrow p\,\mu+(1-p)\,\mu_B,\qquad \sigma^2\leftarrow p\,\sigma^2+(1-p)\,\sigma_B^2",),
            algorithm=Selection(arm="before", epoch=20),
            part="inference",
            sources=("ioffe2015", "wu2021"),
        ),
        Step(
            "programs",
            "programs",
            replace(LESSON, epochs=30, seeds=10),
            ("none", "before", SAME),
            compared("train_loss", "before", "none", 0.1),
            LOSS,
            programs=("none", "before"),
        ),
        Step(
            "faster",
            "claims",
            PRESETS["faster"].experiment,
            ("first", "later", "never"),
            overtaken("train_loss_10", "train_loss", "before", "none", 0.1),
            LOSS,
            study="faster_boston",
        ),
        Step(
            "inputs_alone",
            "claims",
            PRESETS["inputs_alone"].experiment,
            ("before", "standardized", SAME),
            compared("train_loss", "standardized", "before", 0.1),
            LOSS,
            study="faster_boston",
            sources=("lecun1998",),
        ),
        Step(
            "initial_values",
            "claims",
            PRESETS["initial_values"].experiment,
            LEARNERS,
            learned,
            ACCURACY,
            (r"\mathrm{BN}(a\,Wx)\approx\mathrm{BN}(Wx)\quad(a>0,\ \epsilon\ll\sigma_B^2)",),
            study="initialization",
            sources=("glorot2010", "ioffe2015"),
        ),
        Step(
            "tiny_weights",
            "claims",
            PRESETS["tiny_weights"].experiment,
            LEARNERS,
            learned,
            ACCURACY,
            (
                r"\hat x_i=\frac{x_i-\mu_B}{\sqrt{\sigma_B^2+\epsilon}}\approx\frac{x_i-\mu_B}{\sqrt\epsilon}"
                r"\qquad(\sigma_B^2\ll\epsilon)",
            ),
            algorithm=Selection(arm="before", epoch=0),
            part="epsilon",
            study="initialization",
        ),
        Step(
            "overfitting",
            "claims",
            PRESETS["overfitting"].experiment,
            ("before", "none", SAME),
            compared("gap", "before", "none", 1.0),
            VALIDATION_LOSS,
            study="overfitting_boston",
            sources=("ioffe2015", "luo2019"),
        ),
        Step(
            "few_digits",
            "claims",
            PRESETS["few_digits"].experiment,
            ("before", "none", SAME),
            compared("validation_accuracy", "before", "none", 0.02),
            VALIDATION_ACCURACY,
            study="overfitting_digits",
        ),
        Step(
            "noise",
            "research",
            replace(
                NETWORK,
                activation="sigmoid",
                initializer="glorot_uniform",
                learning_rate=0.1,
                bn_noise=0.5,
                epochs=15,
            ),
            LEARNERS,
            learned,
            ACCURACY,
            (r"y\;\rightarrow\;(1+\sigma a)\,y+\sigma b,\qquad a,b\sim\mathcal N(0,1)",),
            study="noise",
            sources=("ioffe2015", "santurkar2018"),
        ),
        Step(
            "learning_rates",
            "research",
            replace(NETWORK, learning_rate=RATE, epochs=5),
            LEARNERS,
            learned,
            ACCURACY,
            study="learning_rates",
            sources=("bjorck2018", "santurkar2018", "yang2019"),
        ),
        Step(
            "small_batch",
            "research",
            PRESETS["small_batch"].experiment,
            ("before", "none", SAME),
            compared("validation_loss", "before", "none", 0.1),
            VALIDATION_LOSS,
            algorithm=Selection(arm="before"),
            part="mates",
            study="batch_size",
            sources=("wu2018", "wu2021"),
        ),
    )
}
"""The steps by id, in their order."""

FIRST = next(iter(STEPS))
"""The step that the page opens with."""


@dataclass(frozen=True)
class Publication:
    """A publication; `arxiv` is its id there, empty where it has none, and `place` where else it appeared."""

    authors: str
    year: int
    title: str
    arxiv: str = ""
    place: str = ""

    def cited(self) -> str:
        """As a line of Markdown, with its address where it has one."""
        where = [self.place] * bool(self.place)
        where += [f"[arXiv:{self.arxiv}](https://arxiv.org/abs/{self.arxiv})"] * bool(self.arxiv)
        return f"{self.authors} ({self.year}). *{self.title}.* {', '.join(where)}"


SOURCES: Mapping[str, Publication] = {
    "lecun1998": Publication(
        "Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller",
        1998,
        "Efficient BackProp",
        place="Neural Networks: Tricks of the Trade, Springer",
    ),
    "glorot2010": Publication(
        "X. Glorot, Y. Bengio",
        2010,
        "Understanding the difficulty of training deep feedforward neural networks",
        place="AISTATS",
    ),
    "ioffe2015": Publication(
        "S. Ioffe, C. Szegedy",
        2015,
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
        "1502.03167",
        "ICML",
    ),
    "santurkar2018": Publication(
        "S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry",
        2018,
        "How Does Batch Normalization Help Optimization?",
        "1805.11604",
        "NeurIPS",
    ),
    "bjorck2018": Publication(
        "J. Bjorck, C. Gomes, B. Selman, K. Q. Weinberger", 2018, "Understanding Batch Normalization", "1806.02375", "NeurIPS"
    ),
    "wu2018": Publication("Y. Wu, K. He", 2018, "Group Normalization", "1803.08494", "ECCV"),
    "luo2019": Publication(
        "P. Luo, X. Wang, W. Shao, Z. Peng",
        2019,
        "Towards Understanding Regularization in Batch Normalization",
        "1809.00846",
        "ICLR",
    ),
    "yang2019": Publication(
        "G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. S. Schoenholz",
        2019,
        "A Mean Field Theory of Batch Normalization",
        "1902.08129",
        "ICLR",
    ),
    "wu2021": Publication("Y. Wu, J. Johnson", 2021, "Rethinking “Batch” in BatchNorm", "2105.07576"),
}
"""What was written on batch normalization, as far as the lesson refers to it: by first author and year."""
