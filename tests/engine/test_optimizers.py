"""Update rules against the formulas of Keras in float64, written out in numpy, and against torch.optim where they agree."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from bn_lab.engine.optimizers import OPTIMIZERS

RATE = 0.01
Numbers = np.ndarray[Any, np.dtype[np.float64]]


def keras_rmsprop(start: Numbers, gradients: Numbers) -> Numbers:
    """keras.optimizers.RMSprop(rho=0.9, momentum=0, epsilon=1e-7, centered=False)."""
    theta, velocity = start.copy(), np.zeros_like(start)
    for g in gradients:
        velocity = 0.9 * velocity + (1 - 0.9) * g**2
        theta = theta - RATE * g / np.sqrt(velocity + 1e-7)
    return theta


def keras_adam(start: Numbers, gradients: Numbers) -> Numbers:
    """keras.optimizers.Adam(beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False)."""
    theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for t, g in enumerate(gradients, 1):
        alpha = RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m = m + (g - m) * (1 - 0.9)
        v = v + (g**2 - v) * (1 - 0.999)
        theta = theta - m * alpha / (np.sqrt(v) + 1e-7)
    return theta


def keras_momentum(start: Numbers, gradients: Numbers) -> Numbers:
    """keras.optimizers.SGD(momentum=0.9, nesterov=False)."""
    theta, velocity = start.copy(), np.zeros_like(start)
    for g in gradients:
        velocity = 0.9 * velocity - RATE * g
        theta = theta + velocity
    return theta


def keras_sgd(start: Numbers, gradients: Numbers) -> Numbers:
    return np.asarray(start - RATE * gradients.sum(axis=0))


FORMULAS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "rmsprop": keras_rmsprop,
    "adam": keras_adam,
    "sgd": keras_sgd,
    "momentum": keras_momentum,
}


def case(steps: int, scale: float) -> tuple[Numbers, Numbers]:
    """Parameters and one gradient per step; every fifth parameter has none."""
    random = np.random.default_rng(5)
    gradients = random.normal(size=(steps, 40)) * scale
    gradients[:, ::5] = 0
    return random.normal(size=40), gradients


def ours(name: str, start: Numbers, gradients: Numbers, dtype: torch.dtype) -> Numbers:
    parameters = torch.tensor(start, dtype=dtype)
    buffer = torch.zeros_like(parameters)
    optimizer = OPTIMIZERS[name](parameters, buffer, RATE)
    for step, gradient in enumerate(gradients, 1):
        buffer.copy_(torch.tensor(gradient))
        optimizer.update(step)
        assert torch.equal(buffer, torch.tensor(gradient, dtype=dtype)), "gradients are read, not changed"
    return np.asarray(parameters.double().numpy())


def test_every_optimizer_has_its_formula_here() -> None:
    assert set(FORMULAS) == set(OPTIMIZERS)


# √1e-7 ≈ 3e-4: around it ε matters most, and whether it stands inside the root or outside.
@pytest.mark.parametrize("scale", [1e3, 1.0, 3e-4, 1e-6, 1e-12])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_follow_keras_formulas(name: str, scale: float) -> None:
    _, gradients = case(60, scale)
    origin = np.zeros(40)  # from 0, so that small movements are not rounded away
    expected = FORMULAS[name](origin, gradients)
    moved = ours(name, origin, gradients, torch.float64)
    np.testing.assert_allclose(moved, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    single = ours(name, origin, gradients, torch.float32)
    np.testing.assert_allclose(single, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_rmsprop_stands_still_where_the_square_of_a_gradient_overflows() -> None:
    """As Keras does: what is infinite once stays so, and is no NaN."""
    gradients = np.array([[1.0, 1e19, 1e25], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    moved = ours("rmsprop", np.zeros(3), gradients, torch.float32)
    with np.errstate(over="ignore"):
        velocity, expected = np.zeros(3, np.float32), np.zeros(3, np.float32)
        for g in gradients.astype(np.float32):
            velocity = np.float32(0.9) * velocity + np.float32(0.1) * (g * g)
            expected = expected - np.float32(RATE) * g / np.sqrt(velocity + np.float32(1e-7))
    assert np.isinf(velocity).tolist() == [False, False, True]
    np.testing.assert_allclose(moved, expected, rtol=1e-6)
    assert moved[2] == 0


def test_adam_takes_powers_in_the_precision_of_the_parameters() -> None:
    steps = {dtype: -ours("adam", np.zeros(1), np.ones((1, 1)), dtype)[0] / RATE for dtype in (torch.float32, torch.float64)}
    one, second, first = np.float32(1), np.float32(0.999), np.float32(0.9)
    assert steps[torch.float32] == pytest.approx(
        float(np.sqrt(one - second) / (one - first)) * 0.1 / (np.sqrt(1e-3) + 1e-7), rel=4e-7
    )
    assert steps[torch.float64] == pytest.approx(1, rel=4e-6), "ε is 1e-7 beside √0.001"
    assert steps[torch.float32] / steps[torch.float64] - 1 == pytest.approx(-6e-6, abs=2e-6)


@pytest.mark.keras
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e17, 1e19])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_keras_itself(name: str, scale: float) -> None:
    import keras

    kinds = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
    optimizer = kinds[name](RATE) if name in kinds else keras.optimizers.SGD(RATE, momentum=0.9)
    _, gradients = case(60, scale)
    variable = keras.Variable(np.zeros(40, np.float32))
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32))], [variable])
    expected = variable.value.detach().numpy()
    moved = ours(name, np.zeros(40), gradients, torch.float32)
    np.testing.assert_array_equal(np.isfinite(moved), np.isfinite(expected))
    np.testing.assert_allclose(moved, expected, rtol=2e-5, atol=2e-6 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_small_gradients_after_large_ones(name: str, dtype: torch.dtype) -> None:
    start, gradients = case(300, 1.0)
    gradients[30:] *= 1e-5
    expected = FORMULAS[name](start, gradients)
    tolerance = 1e-9 if dtype == torch.float64 else 3e-6
    np.testing.assert_allclose(ours(name, start, gradients, dtype), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parameter_without_gradient_stays_bitwise(name: str) -> None:
    start, gradients = case(20, 1.0)
    assert (ours(name, start, gradients, torch.float64)[::5] == start[::5]).all()


@pytest.mark.parametrize(("name", "momentum"), [("sgd", 0.0), ("momentum", 0.9)])
def test_descent_matches_torch(name: str, momentum: float) -> None:
    start, gradients = case(50, 1.0)
    parameter = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=RATE, momentum=momentum)
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(ours(name, start, gradients, torch.float64), parameter.detach().numpy(), rtol=1e-12)


def test_adam_matches_torch_where_epsilon_does_not_matter() -> None:
    start, gradients = case(50, 1e4)
    parameter = torch.tensor(start, requires_grad=True)
    optimizer = torch.optim.Adam([parameter], lr=RATE, betas=(0.9, 0.999), eps=1e-12)
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(ours("adam", start, gradients, torch.float64), parameter.detach().numpy(), rtol=1e-8)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_is_everything_the_next_step_depends_on(name: str) -> None:
    start, gradients = case(10, 1.0)
    parameters, buffer = torch.tensor(start), torch.zeros(40, dtype=torch.float64)
    optimizer = OPTIMIZERS[name](parameters, buffer, RATE)
    for step, gradient in enumerate(gradients[:5], 1):
        buffer.copy_(torch.tensor(gradient))
        optimizer.update(step)
    copied = parameters.clone()
    other = OPTIMIZERS[name](copied, buffer, RATE)
    for mine, theirs in zip(other.state, optimizer.state, strict=True):
        mine.copy_(theirs)
    for step, gradient in enumerate(gradients[5:], 6):
        buffer.copy_(torch.tensor(gradient))
        optimizer.update(step)
        other.update(step)
    assert torch.equal(parameters, copied)
