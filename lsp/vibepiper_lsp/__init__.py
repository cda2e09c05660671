"""The language server: converts and delegates; computes nothing of its own."""
