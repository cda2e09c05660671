"""A Markdown page, drawn for a terminal with rich."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown

from vibepiper_cli.printer import Printer


def show_page(markdown: str, printer: Printer) -> None:
    Console(file=printer.out, width=None).print(Markdown(markdown))
