"""Brings the page of every diagnostic code into the documentation: the very text that `vp explain` prints."""

from __future__ import annotations

from pathlib import Path

from language_reference import write_if_changed
from sphinx.application import Sphinx

from vibepiper_spec.diagnostics import CODES, explanation

GROUPS = {
    "VP0": "Text and TOML",
    "VP1": "The shape of specs",
    "VP2": "Names and references",
    "VP3": "SQL and columns",
    "VP4": "Python",
    "VP5": "Data and checks",
    "VP6": "Environments, variables, secrets, storage",
    "VP7": "Plans and state",
}


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "_generated" / "diagnostics"
    folder.mkdir(parents=True, exist_ok=True)
    for code in CODES:
        write_if_changed(folder / f"{code}.md", explanation(code))
    lists = []
    for prefix, title in GROUPS.items():
        codes = [code for code in CODES.values() if code.id.startswith(prefix)]
        lines = [f"- [{code.id}](../_generated/diagnostics/{code.id}.md) {code.summary}" for code in codes]
        lists.append("\n".join([f"## {title}", "", *lines, ""]))
    write_if_changed(folder.parent / "diagnostics_list.md", "\n".join(lists))
