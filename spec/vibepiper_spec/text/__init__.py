"""The text of a spec: positions of everything, and recovery from what is broken."""
