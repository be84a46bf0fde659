"""The texts of Python code, found by their place in the syntax tree, and put back translated.

A message is one whole string of the source. What an f-string computes is a placeholder, {count},
which a translation keeps and may move. All that is no string of the message stays byte for byte as
it is: lines, comments, names. Which strings are shown to a reader, `translate_rules` says.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from keyword import iskeyword
from string import Formatter

__all__ = ["Text", "called", "is_string", "rewritten", "texts", "walk"]

PASSED = {"str", "join", "append", "extend", "strip", "capitalize", "dict", "list", "tuple"}
"""Calls that hand a text on as it is: what stands in them has the role of the call."""

ROLES = {"test": "if", "decorator_list": "@", "exc": "raise", "msg": "assert", "target": "to"}
"""Field of the syntax tree -> the role of what stands in it."""


@dataclass(frozen=True)
class Text:
    """A string of a piece of code."""

    message: str
    """The string; of an f-string, with placeholders, and with {{ and }} for braces."""
    node: ast.expr
    where: str
    """The function or the class that it stands in, with dots."""
    roles: tuple[str, ...]
    """What it is for, innermost first: `note()` the first argument of a call, `note()1` the next,
    `note()title` the one of this name, `:title` the value of a key, `=title` of a variable, `key`,
    `==`, `[]`, `{}` in an f-string, `return`, `raise`, `@` in a decorator, `docstring`."""
    parent: "Text | None"
    """The f-string that it stands in."""

    @property
    def role(self) -> str:
        return self.roles[0] if self.roles else ""


def walk(tree: ast.AST) -> Iterator[tuple[ast.AST, str, tuple[str, ...], Text | None]]:
    """node, function, roles, f-string around it: of every part of the tree, in its order, except
    annotations. A docstring has the role `docstring`."""
    stack: list = [(tree, "", (), None)]
    while stack:
        node, where, roles, parent = stack.pop()
        yield node, where, roles, parent
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            where = f"{where}.{node.name}" if where else node.name
        if isinstance(node, ast.JoinedStr):
            parent = Text(message_of(node), node, where, roles, parent)
        elif isinstance(node, ast.Lambda):
            roles = ()
        for child, role in reversed([*children(node)]):
            stack.append((child, where, (role, *roles) if role else roles, parent))


def texts(parts: Iterable[tuple]) -> Iterator[Text]:
    """The strings among what `walk` yields."""
    for node, where, roles, parent in parts:
        if isinstance(node, ast.JoinedStr) or is_string(node):
            yield Text(message_of(node), node, where, roles, parent)


def is_string(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def children(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """A node's children, each with its role ("": it has the role of the node)."""
    if isinstance(node, ast.JoinedStr):  # of an f-string only what it computes
        parts = (part for part in node.values if isinstance(part, ast.FormattedValue))
        yield from ((part.value, "{}") for part in parts)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield key, "key"
            yield value, f":{key.value}" if is_string(key) else ":"
    elif isinstance(node, ast.Compare):
        yield from ((part, "==") for part in (node.left, *node.comparators))
    elif isinstance(node, ast.Subscript):
        yield from ((node.value, ""), (node.slice, "[]"))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield from ((part, "/") for part in (node.left, node.right))  # a path
    elif isinstance(node, ast.IfExp):
        yield from ((node.test, "if"), (node.body, ""), (node.orelse, ""))
    elif isinstance(node, ast.MatchValue):
        yield node.value, "=="
    else:
        yield from _of_others(node)


def _of_call(node: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    name = called(node)
    yield node.func, ""
    for place, argument in enumerate(node.args):
        if name == "table" and is_string(argument):  # of kit.results: names of what it shows
            yield argument, "[]"
        else:
            yield argument, "" if name in PASSED else f"{name}(){place or ''}"
    for keyword in node.keywords:
        yield keyword.value, f"{name}(){keyword.arg or '**'}"


def _of_others(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    roles = ROLES
    if isinstance(node, ast.Return | ast.Yield):
        roles = ROLES | {"value": "return"}
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        [target, *_] = [*getattr(node, "targets", ()), getattr(node, "target", None)]
        name = getattr(target, "attr", None) or getattr(target, "id", None)
        roles = ROLES | {"value": f"={name}" if name else "", "targets": "to"}
    elif isinstance(node, ast.arguments):
        yield from _defaults(node)
        return
    elif isinstance(node, ast.For | ast.comprehension):
        yield from _of_loop(node)
        roles = None
    elif isinstance(node, ast.Name | ast.Constant):
        return
    for name, value in ast.iter_fields(node):
        if roles is None and name == "iter":
            continue
        if name in ("annotation", "returns", "type_params", "ctx"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Expr) and is_string(child.value):
                yield child.value, "docstring"
            elif isinstance(child, ast.AST):
                yield child, (roles or ROLES).get(name, "")


def _of_loop(node: ast.For | ast.comprehension) -> Iterator[tuple[ast.AST, str]]:
    """What is looped over; literals have the role of the variable that takes them."""
    names = [getattr(part, "id", "") for part in getattr(node.target, "elts", [node.target])]
    items = getattr(node.iter, "elts", None)
    if items is None:
        zipped = isinstance(node.iter, ast.Call) and called(node.iter) == "zip"
        if not (zipped and len(node.iter.args) == len(names)):
            yield node.iter, "in"
            return
        yield from zip(node.iter.args, (f"={name}" for name in names), strict=True)
        return
    for item in items:
        parts = getattr(item, "elts", [item])
        if len(parts) == len(names):
            yield from zip(parts, (f"={name}" for name in names), strict=True)
        else:
            yield item, "in"


def _defaults(node: ast.arguments) -> Iterator[tuple[ast.AST, str]]:
    """The default of each argument, as the value of a variable of this name."""
    names = [argument.arg for argument in (*node.posonlyargs, *node.args)]
    defaulted = zip(names[len(names) - len(node.defaults) :], node.defaults, strict=True)
    for name, value in defaulted:
        yield value, f"={name}"
    for argument, value in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        if value is not None:
            yield value, f"={argument.arg}"


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def message_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value
    names = iter(placeholders(node))
    return "".join(
        part.value.replace("{", "{{").replace("}", "}}")
        if isinstance(part, ast.Constant)
        else f"{{{next(names)}}}"
        for part in node.values
    )


def placeholders(node: ast.JoinedStr) -> dict[str, ast.FormattedValue]:
    """The name of each placeholder of an f-string -> what it computes, in their order."""
    named: dict[str, ast.FormattedValue] = {}
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            code = re.sub(r"'[^']*'|\"[^\"]*\"", "", ast.unparse(part.value))
            names = [
                name for name in re.findall(r"[A-Za-z]\w*\b(?!\()", code) if not iskeyword(name)
            ]
            name = names[-1] if names and not isinstance(part.value, ast.IfExp) else "value"
            count = sum(re.fullmatch(rf"{name}(_\d+)?", other) is not None for other in named)
            named[f"{name}_{count + 1}" if count else name] = part
    return named


def rewritten(code: str, strings: Iterable[Text], translation: Callable[[Text], str]) -> str:
    """The code with translations of its strings in their places. strings: all of it, in their
    order. translation: "" where the English stays."""
    strings = list(strings)
    new = {id(t.node): _node(t, words) for t in strings if (words := translation(t))}
    lines = code.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    result, place = [], 0
    for text in strings:
        node = text.node
        if text.parent is None and any(id(part) in new for part in ast.walk(node)):
            begin = starts[node.lineno - 1] + node.col_offset
            put = _replaced(node, new)
            is_docstring = text.role == "docstring" and isinstance(put, ast.Constant)
            literal = _docstring(put.value) if is_docstring else ast.unparse(put)
            result += [code.encode()[place:begin], literal.encode()]
            place = starts[node.end_lineno - 1] + node.end_col_offset
    return b"".join([*result, code.encode()[place:]]).decode()


def _docstring(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}"""'


def _replaced(node: object, new: dict[int, ast.expr]) -> object:
    """A copy of a part of the tree, with new nodes in place of those of these ids."""
    if isinstance(node, list):
        return [_replaced(part, new) for part in node]
    if not isinstance(node, ast.AST):
        return node
    node = new.get(id(node), node)
    return type(node)(**{name: _replaced(value, new) for name, value in ast.iter_fields(node)})


def _node(text: Text, words: str) -> ast.expr:
    """The syntax of a translation."""
    if not isinstance(text.node, ast.JoinedStr):
        return ast.Constant(words)
    values = placeholders(text.node)
    parts: list[ast.expr] = []
    for between, name, *_ in Formatter().parse(words):
        if between:
            parts.append(ast.Constant(between))
        if name is not None:
            parts.append(values[name])
    return ast.JoinedStr(parts)
