"""Puts the types of the stubs into people's own functions: `wanted` says what belongs where, `edit` writes it."""
