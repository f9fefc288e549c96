"""The store: one SQLite file per repository with events, streamed text, wishes and the lease."""
