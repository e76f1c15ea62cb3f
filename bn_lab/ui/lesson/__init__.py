"""The lesson as a guide: step by step, each with a question to answer first, and the answer computed from a run."""
