"""Whom a client trusts when it speaks TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from vibepiper_interpreter.operators.call import OperatorFailed
from vibepiper_spec.diagnostics import Diagnostic, Fix


def trusting(root: Path, certificates: str | None, code: str) -> ssl.SSLContext:
    """Trusts what the system trusts, and the authorities in the file `certificates`, relative to `root`.

    Raises OperatorFailed with `code` where that file cannot be read.
    """
    context = ssl.create_default_context()
    if certificates is not None:
        try:
            context.load_verify_locations(cafile=root / certificates)
        except OSError as error:  # an error of ssl is one, too
            raise OperatorFailed(
                Diagnostic(
                    code,
                    f"The file `{certificates}` of `certificates` holds no certificates that can be read.",
                    fix=Fix("Name a file in PEM format: its blocks begin with `-----BEGIN CERTIFICATE-----`."),
                )
            ) from error
    return context
