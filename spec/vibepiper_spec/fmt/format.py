"""Formats the text of a spec: the same data and comments, in canonical order and layout."""

from __future__ import annotations

from vibepiper_spec.diagnostics import DiagnosticError
from vibepiper_spec.fmt.layout import Block, Commented, lay_out
from vibepiper_spec.fmt.order import block_rank, key_order
from vibepiper_spec.fmt.values import render_key, render_value
from vibepiper_spec.load.parse import parse_file
from vibepiper_spec.text.document import parse_document


def format_text(text: str, path: str) -> str:
    """The canonical form of a spec. Raises DiagnosticError where the text is no valid TOML.

    Formatting twice changes nothing the second time, and never what the text means.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    parsed = parse_file(path, text)
    if parsed.diagnostics:
        raise DiagnosticError(parsed.diagnostics)
    layout = lay_out(parse_document(text, valid=True))
    blocks = sorted(layout.blocks, key=lambda block: -1 if block.header is None else block_rank(path, block.name))
    body = "\n".join(_render_block(text, path, block) for block in blocks)
    if not layout.preamble:
        return body
    return _lines(layout.preamble) + ("\n" if layout.preamble_set_off else "") + body


def _render_block(text: str, path: str, block: Block) -> str:
    order = {key: rank for rank, key in enumerate(key_order(path, block.name))}
    statements = sorted(block.statements, key=lambda item: order.get(item.statement.keys[0][0], len(order)))
    rendered = "" if block.header is None else _render_statement(text, block.header)
    for item in statements:
        # A blank line sets off what follows something; directly below the header it would only be a hole.
        hole = not rendered or (item is statements[0] and block.header is not None)
        rendered += ("" if hole or not item.set_off else "\n") + _render_statement(text, item)
    if block.closing:
        rendered += ("\n" if block.closing_set_off else "") + _lines(block.closing)
    return rendered


def _render_statement(text: str, item: Commented) -> str:
    statement = item.statement
    key = render_key(text, statement.keys)
    if statement.value is None:
        doubled = text.startswith("[[", statement.start)
        line = f"[[{key}]]" if doubled else f"[{key}]"
    else:
        line = f"{key} = {render_value(text, statement.value, len(key) + 3)}"
    return _lines(item.above) + line + (f"  {item.beside}" if item.beside else "") + "\n"


def _lines(comments: list[str]) -> str:
    return "".join(f"{comment}\n" for comment in comments)
