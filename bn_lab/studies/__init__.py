"""Studies: claims as grids of experiments over many seeds, verdicts from their numbers, and where the networks are trained."""
