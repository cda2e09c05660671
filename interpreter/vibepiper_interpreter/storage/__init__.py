"""Snapshots: Parquet parts and manifests."""
