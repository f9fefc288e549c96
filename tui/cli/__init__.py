"""The command line: what each subcommand does, and the session behind both command line and dashboard."""
