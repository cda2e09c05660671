"""Whether one type holds every value of another, as the same value of the same kind."""

from __future__ import annotations

import re

# Narrow ones first; a signed type holds every unsigned one that stands before it.
_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def holds_every_value(wider: str, of: str) -> bool:
    """Of canonical type names. What is not known to be so is not.

    >>> holds_every_value("BIGINT", of="INTEGER"), holds_every_value("DOUBLE", of="BIGINT")
    (True, False)
    >>> holds_every_value("DECIMAL(14,2)", of="DECIMAL(12,2)"), holds_every_value("DECIMAL(14,4)", of="DECIMAL(12,1)")
    (True, False)
    """
    if wider == of or (of, wider) == ("FLOAT", "DOUBLE"):
        return True
    after, before = _DECIMAL.fullmatch(wider), _DECIMAL.fullmatch(of)
    if after is not None and before is not None:
        width, scale = int(before[1]), int(before[2])
        return int(after[2]) >= scale and int(after[1]) - int(after[2]) >= width - scale
    for kind in (_SIGNED, _UNSIGNED):
        if wider in kind and of in kind:
            return kind.index(wider) >= kind.index(of)
    return wider in _SIGNED and of in _UNSIGNED and _SIGNED.index(wider) > _UNSIGNED.index(of)
