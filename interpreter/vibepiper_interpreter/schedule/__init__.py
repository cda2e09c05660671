"""What is due: schedules, and the one function that does it."""
