"""Calculates a workbook, as far as our exports have formulas: names, numbers, + - * / ^ and five functions."""

import math
import re
from functools import cache
from typing import Any

_FUNCTIONS = {"MIN": min, "MAX": max, "INT": math.floor, "SQRT": math.sqrt, "LN": math.log}


def recalculated(book: Any) -> dict[tuple[str, str], float]:
    """By sheet and cell, what every formula gives for the inputs that the workbook has now; no cached value is read."""
    names = {name: _target(defined.attr_text) for name, defined in book.defined_names.items()}

    @cache
    def value(sheet: str, cell: str) -> float:
        text = book[sheet][cell].value
        if not isinstance(text, str):
            return float(text)
        asked = {name for name in re.findall(r"[A-Za-z_]\w*", text) if name not in _FUNCTIONS}
        known = {name: value(*names[name]) for name in asked}
        return float(eval(text[1:].replace("^", "**"), {"__builtins__": {}}, known | _FUNCTIONS))  # noqa: S307

    return {
        (sheet.title, cell.coordinate): value(sheet.title, cell.coordinate)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def _target(text: str) -> tuple[str, str]:
    sheet, _, cell = text.rpartition("!")
    return sheet.strip("'"), cell.replace("$", "")
