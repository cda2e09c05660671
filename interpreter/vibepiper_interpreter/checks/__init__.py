"""Data-quality rules: one table of rules, and the scan that runs them."""
