"""The rules by which single facts lead to others; `engine.decide` holds the table."""
