"""The language: text in, typed specs and diagnostics out."""
