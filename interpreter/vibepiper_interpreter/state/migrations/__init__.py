"""Alembic's home: how a state written by an older version becomes today's."""
