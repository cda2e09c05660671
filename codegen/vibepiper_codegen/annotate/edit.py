"""Writes annotations into a file and leaves everything else in it as it is: comments, blanks, quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from vibepiper_codegen.annotate.wanted import StubClass, Wanted

_CHECKING = "TYPE_CHECKING"


def annotated(content: bytes, wanted: Sequence[Wanted], imported: Mapping[str, frozenset[str]]) -> bytes:
    """The file's content with what its functions lack.

    `imported` are the full names that each name of the module stands for already.
    """
    wrapper = MetadataWrapper(cst.parse_module(content))
    names = _Names(imported)
    delayed = any(_is_future(statement) for statement in wrapper.module.body)
    module = wrapper.visit(_Annotate({each.line: each for each in wanted}, names, quoted=not delayed))
    module = _with_imports(module, names.new, imported)
    return module.bytes


class _Names:
    """What each class is called in the module: as it is imported already, or as it will be."""

    def __init__(self, imported: Mapping[str, frozenset[str]]) -> None:
        self._imported = imported
        self.new: dict[StubClass, str] = {}

    def of(self, wanted: StubClass) -> str:
        full = ".".join(wanted)
        known = next((name for name, targets in self._imported.items() if targets == {full}), None)
        if known is not None:
            return known
        if wanted not in self.new:
            name = wanted[1]
            if name in self._imported or name in self.new.values():
                # Of another pipeline: `ShopOrdersPandas` beside `OrdersPandas`.
                name = f"{wanted[0].split('.')[-2].title().replace('_', '')}{name}"
            self.new[wanted] = name
        return self.new[wanted]


class _Annotate(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, wanted: Mapping[int, Wanted], names: _Names, *, quoted: bool) -> None:
        super().__init__()
        self._wanted, self._names, self._quoted = wanted, names, quoted

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        # Where `def` stands, as `ast` counts too: behind the decorators.
        wanted = self._wanted.get(self.get_metadata(PositionProvider, original_node.name).start.line)
        if wanted is None or original_node.name.value != wanted.function:
            return updated_node
        parameters = updated_node.params
        updated = updated_node.with_changes(
            params=parameters.with_changes(
                params=[self._with_type(each, wanted) for each in parameters.params],
                kwonly_params=[self._with_type(each, wanted) for each in parameters.kwonly_params],
            )
        )
        if wanted.result is None:
            return updated
        arrow = cst.Annotation(self._type(wanted.result), whitespace_before_indicator=cst.SimpleWhitespace(" "))
        return updated.with_changes(returns=arrow)

    def _with_type(self, parameter: cst.Param, wanted: Wanted) -> cst.Param:
        stub = wanted.parameters.get(parameter.name.value)
        if stub is None:
            return parameter
        changed = parameter.with_changes(annotation=cst.Annotation(self._type(stub)))
        if parameter.annotation is None and parameter.default is not None:
            changed = changed.with_changes(equal=cst.AssignEqual(cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" ")))
        return changed

    def _type(self, wanted: StubClass) -> cst.BaseExpression:
        name = self._names.of(wanted)
        return cst.SimpleString(f'"{name}"') if self._quoted else cst.Name(name)


def _with_imports(
    module: cst.Module, new: Mapping[StubClass, str], imported: Mapping[str, frozenset[str]]
) -> cst.Module:
    if not new:
        return module
    lines = [
        f"from {path} import {name}" + ("" if alias == name else f" as {alias}")
        for (path, name), alias in sorted(new.items())
    ]
    body = list(module.body)
    for index, statement in enumerate(body):
        if isinstance(statement, cst.If) and isinstance(statement.test, cst.Name) and statement.test.value == _CHECKING:
            block = statement.body
            if isinstance(block, cst.IndentedBlock):
                more = [cst.parse_statement(line) for line in lines]
                body[index] = statement.with_changes(body=block.with_changes(body=[*block.body, *more]))
                return module.with_changes(body=body)
    checked = cst.parse_statement(f"if {_CHECKING}:\n" + "".join(f"    {line}\n" for line in lines))
    assert isinstance(checked, cst.If)
    below = checked.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    added: list[cst.SimpleStatementLine | cst.BaseCompoundStatement] = [below]
    if imported.get(_CHECKING, frozenset()) != frozenset({f"typing.{_CHECKING}"}):
        added.insert(0, cst.parse_statement(f"from typing import {_CHECKING}"))
    at = _after_imports(body)
    body[at:at] = added
    return module.with_changes(body=body)


def _after_imports(body: Sequence[cst.BaseStatement]) -> int:
    """Behind the last import, else behind the docstring."""
    last = 0
    for index, statement in enumerate(body):
        if isinstance(statement, cst.SimpleStatementLine):
            first = statement.body[0]
            if isinstance(first, cst.Import | cst.ImportFrom):
                last = index + 1
            elif index == 0 and isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString):
                last = 1
    return last


def _is_future(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    first = statement.body[0]
    return (
        isinstance(first, cst.ImportFrom)
        and isinstance(first.module, cst.Name)
        and first.module.value == "__future__"
        and not isinstance(first.names, cst.ImportStar)
        and any(each.name.value == "annotations" for each in first.names)
    )
