"""Figures: pure functions from an experiment to templates that the browser fills with a run's numbers.

`pictures` is the registry of the templates, `parts` are the numbers, `bindings` says which of them a template shows, and
`frame` is how they travel and the rule by which they fill it. `parts` and `frame` are what a worker imports: they know nothing
of Plotly. What the other modules draw, for the pages on data, the lesson, the algorithm and studies, are numbers as they are,
bound to no run.
"""
