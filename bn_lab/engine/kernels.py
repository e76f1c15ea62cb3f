"""Torch's kernels that no public function leads to: derivatives that write into tensors there already are.

They are bound past the Python frame of `OpOverload.__call__`, which for tensors this small is a fifth of a call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

aten = torch.ops.aten

Kernel = Callable[..., Any]

silu_backward: Kernel = aten.silu_backward.grad_input._op
threshold_backward: Kernel = aten.threshold_backward.grad_input._op
leaky_relu_backward: Kernel = aten.leaky_relu_backward.grad_input._op
elu_backward: Kernel = aten.elu_backward.grad_input._op
gelu_backward: Kernel = aten.gelu_backward.grad_input._op
tanh_backward: Kernel = aten.tanh_backward.grad_input._op
sigmoid_backward: Kernel = aten.sigmoid_backward.grad_input._op
mse_loss_backward: Kernel = aten.mse_loss_backward.grad_input._op
batch_norm_backward: Kernel = aten.native_batch_norm_backward.out._op
