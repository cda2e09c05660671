"""Compiled project and state to plan."""
