"""What moved behind our back: files of sources, and snapshots; for people and for machines."""

from __future__ import annotations

from typing import Any

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.tables import aligned
from vibepiper_cli.views.words import conjunction, count, size
from vibepiper_interpreter.plan.refresh import LostSnapshot, MovedFile, MovedSource, Refresh
from vibepiper_interpreter.storage.version import SourceFile

_SYMBOLS = {"new": ("+", "added"), "changed": ("~", "changed"), "gone": ("-", "removed")}
_SHORT = 8  # characters of a content hash: enough to tell two apart
_MOST_FILES = 20  # of one source; the rest is counted


def render_refresh(refresh: Refresh, paint: Paint) -> str:
    environment = f"`{refresh.environment}`"
    if not refresh.moved:
        return f"Nothing moved. All that {environment} shows is as it was published ({_assets(refresh)})."
    blocks = [f"Moved since it was published in {environment}"]
    blocks += [_source(source, paint) for source in refresh.sources]
    blocks += [_snapshot(snapshot, paint) for snapshot in refresh.lost]
    counted = []
    if refresh.sources:
        counted.append(f"files of {count(len(refresh.sources), 'source')}")
    if refresh.lost:
        counted.append(f"{count(len(refresh.lost), 'snapshot')} lost or damaged")
    blocks.append(f"{conjunction(counted)}, of {_assets(refresh)}. What would be done about it: `vp plan`")
    return "\n\n".join(blocks)


def refresh_json(refresh: Refresh) -> dict[str, Any]:
    return {
        "environment": refresh.environment,
        "moved": refresh.moved,
        "assets": refresh.looked_at,
        "sources": [
            {
                "address": str(source.address),
                "files": [
                    {
                        "path": file.path,
                        "change": file.change,
                        "before": _file_json(file.before),
                        "now": _file_json(file.now),
                    }
                    for file in source.files
                ],
            }
            for source in refresh.sources
        ],
        "lost": [
            {
                "address": str(snapshot.address),
                "version": snapshot.version_id,
                "parts": [{"path": path, "words": words} for path, words in snapshot.parts],
            }
            for snapshot in refresh.lost
        ],
    }


def _assets(refresh: Refresh) -> str:
    return count(refresh.looked_at, "asset")


def _source(source: MovedSource, paint: Paint) -> str:
    shown = source.files[:_MOST_FILES]
    rows = [(_SYMBOLS[file.change][0], file.path, file.change, *_sizes(file)) for file in shown]
    lines = [
        paint(_SYMBOLS[file.change][1], line)
        for file, line in zip(shown, aligned(rows, right=(3,), indent="  "), strict=True)
    ]
    if len(source.files) > len(shown):
        lines.append(f"  and {count(len(source.files) - len(shown), 'file')} more")
    return "\n".join([f"{paint('strong', str(source.address))}  {paint('faint', 'source')}", *lines])


def _snapshot(snapshot: LostSnapshot, paint: Paint) -> str:
    rows = [("!", path, words) for path, words in snapshot.parts]
    lines = [paint("removed", line) for line in aligned(rows, indent="  ")]
    return "\n".join([f"{paint('strong', str(snapshot.address))}  {paint('faint', 'snapshot')}", *lines])


def _sizes(file: MovedFile) -> tuple[str, str]:
    before, now = file.before, file.now
    if before is not None and now is not None:
        contents = f"content {before.sha256[:_SHORT]} → {now.sha256[:_SHORT]}"
        return (size(now.size) if before.size == now.size else f"{size(before.size)} → {size(now.size)}"), contents
    only = before or now
    return (size(only.size), f"content {only.sha256[:_SHORT]}") if only is not None else ("", "")


def _file_json(file: SourceFile | None) -> dict[str, Any] | None:
    return None if file is None else {"size": file.size, "sha256": file.sha256}
