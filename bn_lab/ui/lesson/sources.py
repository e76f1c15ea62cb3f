"""What was written on batch normalization, as far as the lesson refers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
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


SOURCES: Mapping[str, Source] = {
    "lecun1998": Source(
        "Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller",
        1998,
        "Efficient BackProp",
        place="Neural Networks: Tricks of the Trade, Springer",
    ),
    "glorot2010": Source(
        "X. Glorot, Y. Bengio",
        2010,
        "Understanding the difficulty of training deep feedforward neural networks",
        place="AISTATS",
    ),
    "ioffe2015": Source(
        "S. Ioffe, C. Szegedy",
        2015,
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
        "1502.03167",
        "ICML",
    ),
    "santurkar2018": Source(
        "S. Santurkar, D. Tsipras, A. Ilyas, A. Mądry",
        2018,
        "How Does Batch Normalization Help Optimization?",
        "1805.11604",
        "NeurIPS",
    ),
    "bjorck2018": Source(
        "J. Bjorck, C. Gomes, B. Selman, K. Q. Weinberger", 2018, "Understanding Batch Normalization", "1806.02375", "NeurIPS"
    ),
    "wu2018": Source("Y. Wu, K. He", 2018, "Group Normalization", "1803.08494", "ECCV"),
    "luo2019": Source(
        "P. Luo, X. Wang, W. Shao, Z. Peng",
        2019,
        "Towards Understanding Regularization in Batch Normalization",
        "1809.00846",
        "ICLR",
    ),
    "yang2019": Source(
        "G. Yang, J. Pennington, V. Rao, J. Sohl-Dickstein, S. S. Schoenholz",
        2019,
        "A Mean Field Theory of Batch Normalization",
        "1902.08129",
        "ICLR",
    ),
    "wu2021": Source("Y. Wu, J. Johnson", 2021, "Rethinking “Batch” in BatchNorm", "2105.07576"),
}
"""By first author and year."""
