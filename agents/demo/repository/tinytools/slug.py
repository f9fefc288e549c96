"""Titles as file names."""


def slug(title: str) -> str:
    """Lower-case words joined by dashes, nothing else."""
    return title.lower().replace(" ", "-")
