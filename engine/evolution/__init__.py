"""The rules by which single events change the state; `engine.evolve` holds the table."""
