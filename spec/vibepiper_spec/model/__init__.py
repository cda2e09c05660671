"""The typed model of the language: the single source of its keys, types, defaults and descriptions."""
