"""Typed Python from the compiled project: what its tables, rows, functions and variables are, for people's checkers.

    compiled project ──describe──▶ stub tables ──emit──▶ texts by path ──write──▶ the package

`package` is the road; each kind of text has a module of its own.
"""
