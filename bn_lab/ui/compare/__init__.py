"""The Compare page: finished runs of the visit, one over the other.

`run_list` is the list of runs and what is kept of each; `links` how a comparison stands in a link; `page` draws it.
"""
