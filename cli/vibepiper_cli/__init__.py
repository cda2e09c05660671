"""`vp`: one file a verb; a human view and a JSON view of the same result."""
