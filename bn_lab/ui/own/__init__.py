"""Data that a visitor brings along: opened, looked at, chosen from, and held for this session alone."""
