"""Four small functions."""
