"""What Python users import: thin."""
