"""An error that seems to come from the line that is to blame, so that pytest shows that line, in whatever style."""

from __future__ import annotations

import ast
import linecache
from typing import TYPE_CHECKING, Any

from ..observe.in_process.watch import BlockingError

if TYPE_CHECKING:
    from ..results import Site


def located(error: BlockingError, site: Site | None) -> BlockingError:
    """Return the error as if the line that is to blame had raised it, so that pytest shows that line, in any style."""
    if site is None:
        return error
    first = _first_line(site)
    tree = ast.parse("def blocked():\n raise error")
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno = node.end_lineno = first if isinstance(node, ast.FunctionDef) else site.line
            node.col_offset = node.end_col_offset = -1  # which part of the line it was is not known
    names: dict[str, Any] = {"error": error}
    exec(compile(tree, site.file, "exec"), names)  # noqa: S102  the two lines above
    function = names["blocked"]
    name = site.function.rpartition(".")[2]
    function.__code__ = function.__code__.replace(co_name=name, co_qualname=site.function)
    try:
        function()
    except BlockingError as raised:
        traceback = raised.__traceback__
        return raised.with_traceback(traceback.tb_next if traceback is not None else None)
    return error


def _first_line(site: Site) -> int:
    """Where the function that a site is in begins: from there on pytest shows its lines."""
    try:
        tree = ast.parse("".join(linecache.getlines(site.file)))
    except (SyntaxError, ValueError):
        return site.line
    first = site.line
    for node in ast.walk(tree):  # from the outside in: the last one is the innermost
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= site.line <= (
            node.end_lineno or 0
        ):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return first
