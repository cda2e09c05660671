"""DuckDB: parsing, binding and running SQL, the embedded default engine."""
