"""Lesson links: a link that hides what a lesson does not need and fixes what it is not about.

`rules` says what is hidden and fixed in this visit, `pages` does that to the navigation, `dialog` makes such links.
"""
