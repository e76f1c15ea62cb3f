"""What can be taken away: a record as tables, an experiment as JSON (and back), a network's weights as safetensors."""
