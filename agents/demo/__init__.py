"""The demo: a scratch repository and the script of its models, as data."""
