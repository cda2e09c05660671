"""What executes a transformation: DuckDB, the embedded default."""
