"""How data comes in and goes out, one file each."""
