"""Parses source for the tests that look at it."""

from __future__ import annotations

import ast
import gc


def parsed(source: str) -> ast.Module:
    """Parse source, with no garbage collection inside.

    CPython 3.11 fails with "AST constructor recursion depth mismatch" if a collection runs foreign
    finalisers in between (gh-106905).
    """
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()
