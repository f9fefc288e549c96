"""What the router learned from, and what it learned, as values: the state holds them and loads nothing that decides."""
