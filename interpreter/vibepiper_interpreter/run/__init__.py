"""Plan to run: the scheduler loop, tasks, events, publishing."""
