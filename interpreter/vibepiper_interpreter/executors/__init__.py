"""Narrow doors to where tasks run, one file each."""
