"""The schemas that the state's database may have."""

# Every schema this code can read or upgrade, oldest first; the last one is what it writes. They are the names of the
# files in `migrations/versions`, listed here so that opening a current state does not import alembic.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
