"""The pages on data: the sets that the lab has, and files that a visitor opens."""
