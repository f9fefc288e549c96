"""Numbers as people read them at a glance: tokens, money, durations, shares and bars."""

from __future__ import annotations


def count(number: float) -> str:
    """A count in at most five characters: 950, 12.1k, 41k, 1.2M."""
    if number < 1_000:
        return str(int(number))
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            value = number / size
            return f"{value:.1f}".removesuffix(".0") + unit if value < 20 else f"{value:.0f}{unit}"
    return str(int(number))


def window(tokens: int) -> str:
    """A context window: 16k for 16,384, as models are sold."""
    if tokens >= 1_024 and tokens % 1_024 == 0:
        return f"{tokens // 1_024}k"
    return count(tokens)


def money(usd: float) -> str:
    """Dollars: cents, or tenths of a cent below one."""
    if 0 < usd < 0.01:
        return f"${usd:.3f}"
    return f"${usd:.2f}"


def clock(seconds: float) -> str:
    """A duration as 03:12 or 1:03:12."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3_600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"


def ago(seconds: float) -> str:
    """A duration in one unit: 12 s, 3 min, 2 h, 5 d."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def percent(share: float) -> str:
    """A share of one, as a whole percentage; something is never nothing and less than all is never all."""
    if 0 < share < 0.01:
        return "1%"
    if 0.99 < share < 1:
        return "99%"
    return f"{share * 100:.0f}%"


def bar(share: float, cells: int, full: str, empty: str) -> tuple[str, str]:
    """The filled and the empty part of a bar; the first and the last cell are only ever true."""
    filled = round(max(0.0, min(1.0, share)) * cells)
    if share > 0 and filled == 0:
        filled = 1
    if share < 1 and filled == cells:
        filled = cells - 1
    return full * filled, empty * (cells - filled)


def ordinal(place: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    if place % 100 in (11, 12, 13):
        return f"{place}th"
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th') }"


def plural(number: int, word: str) -> str:
    """1 lane, 2 lanes."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
