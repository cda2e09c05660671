"""The identity of an asset: `pipeline.asset`."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """Where an asset is: the pipeline (its SQL schema) and its name in it, both lower case.

    A tuple, because tables of thousands of assets hash and compare addresses hundreds of thousands of times.
    """

    pipeline: str
    name: str

    def __str__(self) -> str:
        return f"{self.pipeline}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """`shop.orders` → Address. Raises ValueError where `text` is not two names and a dot."""
        pipeline, dot, name = text.partition(".")
        if not (pipeline and dot and name) or "." in name:
            raise ValueError(f"not an address: {text!r}")
        return cls(pipeline, name)
