"""Facts in, facts out: the event log, the pure decision core, the scheduler, git and checks."""
