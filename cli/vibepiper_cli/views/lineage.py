"""Lineage as a text tree, as a Mermaid flowchart, and as JSON: three views of the same edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vibepiper_cli.printer import Paint
from vibepiper_cli.views.words import listed
from vibepiper_interpreter.compile.column_graph import Edge, Lineage, Node
from vibepiper_interpreter.compile.compiled import CompiledProject, FileDefinition

_NOTES = {
    "influence": "(filter, join, group or order)",
    "unknown": "(through Python)",
    "after": "(order only)",
}


def render_lineage(lineage: Lineage, project: CompiledProject, paint: Paint) -> str:
    node = lineage.node
    blocks = [paint("strong", str(node)) + _what(node, project)]
    upstream = _tree(node, lineage.upstream, lambda edge: (edge.target, edge.source), project, paint)
    downstream = _tree(node, lineage.downstream, lambda edge: (edge.source, edge.target), project, paint)
    origin = [f"  {files.strip()}" for files in [_files(node, project)] if files] or ["  nothing in this project"]
    blocks.append("\n".join([paint("faint", "comes from"), *(upstream or origin)]))
    blocks.append("\n".join([paint("faint", "goes to"), *(downstream or ["  nothing in this project"])]))
    return "\n\n".join(blocks)


def render_mermaid(lineage: Lineage) -> str:
    edges = tuple(dict.fromkeys((*lineage.upstream, *lineage.downstream)))
    nodes = dict.fromkeys([lineage.node, *(end for edge in edges for end in (edge.source, edge.target))])
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    lines += [f'    {names[node]}["{_mermaid_text(str(node))}"]' for node in nodes]
    arrows = {
        "reads": "-->",
        "values": "-->",
        "projection": "-->",
        "influence": "-.->",
        "unknown": "-.->",
        "after": "-.->",
    }
    lines += [f"    {names[edge.source]} {arrows[edge.kind]} {names[edge.target]}" for edge in edges]
    lines.append(f"    style {names[lineage.node]} stroke-width:3px")
    return "\n".join(lines)


def lineage_json(lineage: Lineage, project: CompiledProject) -> dict[str, Any]:
    return {
        "node": _node_json(lineage.node, project),
        "upstream": [_edge_json(edge, project) for edge in lineage.upstream],
        "downstream": [_edge_json(edge, project) for edge in lineage.downstream],
    }


def _what(node: Node, project: CompiledProject) -> str:
    if node.address in project.operators:
        kind = project.operators[node.address].kind
        return "  test" if kind == "test" else f"  task {kind}"
    asset = project.assets[node.address]
    if node.column is None:
        return f"  {asset.kind} {asset.build}"
    return "".join(f"  {column.type}" for column in asset.columns if column.name == node.column)


def _tree(
    root: Node,
    edges: Iterable[Edge],
    ends: Callable[[Edge], tuple[Node, Node]],
    project: CompiledProject,
    paint: Paint,
) -> list[str]:
    below: dict[Node, list[tuple[Node, Edge]]] = {}
    for edge in edges:
        parent, child = ends(edge)
        below.setdefault(parent, []).append((child, edge))
    seen: set[Node] = set()

    def draw(node: Node, indent: str) -> list[str]:
        # A node that several paths lead to is unfolded once.
        if node in seen:
            return []
        seen.add(node)
        lines = []
        children = below.get(node, [])
        for child, edge in children:
            last = child == children[-1][0]
            again = " (see above)" if child in seen and below.get(child) else ""
            words = f"{child}{_files(child, project)}{_note(edge)}{again}"
            lines.append(f"{indent}{paint('faint', '└─' if last else '├─')} {words}")
            lines += draw(child, indent + ("   " if last else f"{paint('faint', '│')}  "))
        return lines

    return draw(root, "  ")


def _note(edge: Edge) -> str:
    if edge.kind == "reads":
        return "" if edge.columns is None else f"  {_columns(edge.columns)}"
    if edge.kind == "values":
        return f"  {listed((f'${name}' for name in edge.columns or ()), most=6)}"
    return f"  {_NOTES[edge.kind]}" if edge.kind in _NOTES else ""


def _columns(columns: Sequence[str]) -> str:
    return listed(columns, most=6) if columns else "only its rows"


def _files(node: Node, project: CompiledProject) -> str:
    if node.address in project.operators:
        return ""
    definition = project.assets[node.address].definition
    return f"  {', '.join(definition.paths)}" if isinstance(definition, FileDefinition) else ""


def _mermaid_text(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _node_json(node: Node, project: CompiledProject) -> dict[str, Any]:
    if node.address in project.operators:
        return {"task": str(node.address)}
    return {"asset": str(node.address), "column": node.column}


def _edge_json(edge: Edge, project: CompiledProject) -> dict[str, Any]:
    ends = {"from": _node_json(edge.source, project), "to": _node_json(edge.target, project)}
    found: dict[str, Any] = {**ends, "kind": edge.kind}
    if edge.kind == "values":
        found["outputs"] = list(edge.columns or ())
    if edge.kind == "reads":
        found["columns"] = None if edge.columns is None else list(edge.columns)
    return found
