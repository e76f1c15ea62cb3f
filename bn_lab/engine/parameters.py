"""All parameters of a stack as views of one flat buffer, so that an optimizer is a handful of kernels."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor


class Buffer:
    """One flat tensor and named views of it.

    Attributes:
        flat: all numbers, one dimension.
        views: by name, in the order given; writing to a view writes to `flat`.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype, device: str) -> None:
        sizes = [prod(shape) for shape in shapes.values()]
        self.flat = torch.zeros(sum(sizes), dtype=dtype, device=device)
        blocks = torch.split(self.flat, sizes)
        self.views: dict[str, Tensor] = {
            name: block.view(shape) for (name, shape), block in zip(shapes.items(), blocks, strict=True)
        }

    def __getitem__(self, name: str) -> Tensor:
        return self.views[name]

    def part(self, name: str) -> Tensor:
        """All views called `name` or `name.…`, which are neighbours, as one piece of `flat`."""
        named = [view for key, view in self.views.items() if key.split(".")[0] == name]
        start = named[0].storage_offset() if named else 0
        return self.flat[start : start + sum(view.numel() for view in named)]
