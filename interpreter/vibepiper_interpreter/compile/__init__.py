"""Specs to compiled project: references, SQL, columns, lineage, fingerprints."""
