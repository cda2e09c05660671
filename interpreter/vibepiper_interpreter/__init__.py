"""From specs to published tables: compile, plan, run."""
