"""Live views: figures which repaint in the browser while a run goes on, without a rerun of the page.

A *feed* carries binary frames (`bn_lab.figures.frame`) to the browser a few times a second; *panels* are figure templates
which are sent once and are filled there from the newest frame (`bind.js`, and by the same rule `bn_lab.figures.frame.fill`).
"""
