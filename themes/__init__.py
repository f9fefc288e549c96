"""Colours as data: the themes that ship with orchestra-tui."""
