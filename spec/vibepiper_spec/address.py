"""The identity of an asset: `pipeline.asset`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where an asset is: the pipeline (its SQL schema) and its name in it, both lower case."""

    pipeline: str
    name: str
    # Computed once: tables of thousands of assets ask for it hundreds of thousands of times.
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.pipeline, self.name)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Address], tuple[str, str]]:
        """Without the hash, which is another one in every process."""
        return Address, (self.pipeline, self.name)

    def __str__(self) -> str:
        return f"{self.pipeline}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """`shop.orders` → Address. Raises ValueError where `text` is not two names and a dot."""
        pipeline, dot, name = text.partition(".")
        if not (pipeline and dot and name) or "." in name:
            raise ValueError(f"not an address: {text!r}")
        return cls(pipeline, name)
