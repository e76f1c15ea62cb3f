"""The page on which batch normalization is taken apart, one module for each part of it."""

from bn_lab.ui.algorithm.page import show

__all__ = ["show"]
