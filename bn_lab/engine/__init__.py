"""The engine: twin networks in one stack, their training and what is recorded of it. It knows no screen."""
