"""Snapshots: Parquet parts and manifests."""

from vibepiper_interpreter.storage.storage import Storage, StoredVersion, new_version_id

__all__ = ["Storage", "StoredVersion", "new_version_id"]
