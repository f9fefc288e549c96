"""Rules of a repository that a machine can check: what a diff breaks, with path and line."""
