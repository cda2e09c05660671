"""Asks before something is done, where there is somebody to ask."""

from __future__ import annotations

import shlex
import sys

from vibepiper_cli.invocation import Invocation


def typed(invocation: Invocation) -> str:
    """The command as it was typed, to be typed again."""
    return shlex.join(["vp", *invocation.words])


def agreed(invocation: Invocation, question: str) -> bool:
    """Whether the person typed `yes`. Without a terminal nobody did, and they are told what to type instead."""
    printer = invocation.printer
    if not sys.stdin.isatty():
        printer.talk(
            "\nNothing was done: there is no terminal to ask at. To do it without asking:\n\n"
            f"  {typed(invocation)} --yes"
        )
        return False
    if printer.ask(f"{question} Type `yes` to go on: ").casefold() in ("yes", "y"):
        return True
    printer.talk("Nothing was done.")
    return False
