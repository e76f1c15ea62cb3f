"""What lives in the browser: the stage with its player, figures and tables that follow the playhead, and the page's own stream.

The script says what there is to see, once for every run of the page: which recording, as far as what target, and templates of
figures. Numbers come past it, from the stream (`bn_lab.server.stream`) into one store of the page (`store.js`), and every
figure is filled there (`bind.js`, and by the same rule `bn_lab.figures.frame.fill`).
"""
