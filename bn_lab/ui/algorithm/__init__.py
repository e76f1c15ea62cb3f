"""The page on which batch normalization is taken apart, one module for each part of it."""
