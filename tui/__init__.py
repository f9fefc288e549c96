"""A picture of the state and a keyboard for wishes."""
