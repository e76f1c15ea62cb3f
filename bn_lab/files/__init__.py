"""Files: a record as tables, an experiment as JSON (and back), a network's weights as safetensors, tables of one's own on the
command line."""
