"""Rows as an aligned table."""


def table(rows: list[list[str]]) -> str:
    """Join cells so that columns line up, two spaces between them."""
    return "\n".join("  ".join(row) for row in rows)
