"""What tasks do that make no table, one kind a file: each gets a `Call` and settings, and knows nothing of runs."""
