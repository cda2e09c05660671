"""What this project computes in Python."""
