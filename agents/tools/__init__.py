"""What agents may do: list, read, search, edit, write, run, note, finish. `registry` has them by name."""
