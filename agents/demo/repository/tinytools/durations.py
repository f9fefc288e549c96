"""Durations as people write them."""


def minutes(text: str) -> int:
    """Read `1h30m`, `45m` or `2h` as minutes."""
    return int(text.rstrip("m"))
