"""How a program draws the points of the computed data sets: numpy statements, as `bn_lab.datasets.generated` draws them.

Each makes `features` and `targets`; its line `{noise}` becomes statements that add the noise, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

_NOISE = "features += 2 * DATA_NOISE * random.standard_normal(features.shape)"
_TARGET_NOISE = "targets += DATA_NOISE * random.standard_normal(targets.shape)"

READINGS: Mapping[str, str] = {
    "circle": """\
{points}
targets = np.arange(500) % 2
inner, outer = np.where(targets, 0, 3.5), np.where(targets, 2.5, 5)
radius = np.sqrt(random.uniform(inner**2, outer**2))
angle = random.uniform(0, 2 * np.pi, 500)
features = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
{noise}""",
    "xor": """\
{points}
targets, sign = np.arange(500) % 2, 1 - np.arange(500) // 2 % 2 * 2
features = random.uniform(0.3, 5.3, (500, 2)) * np.column_stack([sign, sign * (2 * targets - 1)])
{noise}""",
    "gaussians": """\
{points}
targets = np.arange(500) % 2
features = random.normal(0, 0.7, (500, 2)) + (4 * targets - 2)[:, None]
{noise}""",
    "spiral": """\
{random}
targets = np.arange(500) % 2
share = (np.arange(500) // 2 + 0.5) / 250  # of the way out
angle = 2 * np.pi * 1.75 * share + np.pi * targets
features = 5 * share[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
{noise}""",
    "moons": """\
{random}
targets = np.arange(500) % 2
angle = np.pi * (np.arange(500) // 2) / 249
upper = np.column_stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25])
features = np.where(targets[:, None], -upper, upper) * 10 / 3
{noise}""",
    "plane": """\
{points}
features = random.uniform(-6, 6, (500, 2))
targets = features.sum(axis=1) / 10
{noise}
targets = targets.astype("float32")[:, None]""",
}
"""By the name of the data set. `{points}` becomes the generator, `{random}` too, but only where there is noise to draw."""

_RANDOM = "random = np.random.default_rng(0)  # the data are the same for every seed below"


def reading(name: str, *, noisy: bool) -> str:
    """The statements for a data set, without those that would do nothing."""
    noise = _TARGET_NOISE if name == "plane" else _NOISE
    lines = {"{points}": _RANDOM, "{random}": _RANDOM if noisy else "", "{noise}": noise if noisy else ""}
    return "\n".join(filter(None, (lines.get(line, line) for line in READINGS[name].splitlines())))
