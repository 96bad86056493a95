"""A report as a workbook: the working is live, so that another input gives another plan.

Every text goes in as a string: what a tenant has written never becomes a formula.
"""

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from io import BytesIO
from typing import Any, Final, TypeAlias

from jixi.compute.planner import origin_of, spreadsheet, unit_of
from jixi.server.plans._report import Chart, Part, Report
from jixi.wire.admin import PlanFigure

# The library has no types.
_Book: TypeAlias = Any
_Sheet: TypeAlias = Any
_Format: TypeAlias = Any
# What spreadsheets would read as a cell, such as CO2, or as a row or column.
_A_CELL: Final = re.compile(r"[A-Za-z]{1,3}[0-9]+|[RrCc]")
_WIDTHS: Final = (28, 16, 20, 12, 70, 40, 70, 6, 40)
_PLAIN, _SCIENTIFIC = "#,##0.######", "0.0000E+00"


def workbook(report: Report) -> bytes:
    """An XLSX file."""
    buffer = BytesIO()
    with import_module("xlsxwriter").Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False}
    ) as book:
        book.set_properties({"title": report.title, "created": report.made.replace(tzinfo=None)})
        book.set_calc_mode("auto")
        _Writer(report, book).write()
    return buffer.getvalue()


class _Writer:
    def __init__(self, report: Report, book: _Book) -> None:
        self._report = report
        self._book = book
        self._head = book.add_format({"bold": True, "bg_color": "#E8EEF7", "text_wrap": True})
        self._big = book.add_format({"bold": True, "font_size": 16})
        self._text = book.add_format({"text_wrap": True, "valign": "top"})
        self._entry = book.add_format({"bg_color": "#FFF8DC", "num_format": _PLAIN})
        self._numbers = {form: book.add_format({"num_format": form}) for form in (_PLAIN, _SCIENTIFIC)}
        # For each part, the name of each figure's cell.
        self._names: list[dict[str, str]] = [{} for _ in report.parts]

    def write(self) -> None:
        say = self._report.say
        summary, inputs = self._sheet(say("Summary", "摘要")), self._sheet(say("Inputs", "输入"))
        workings = [self._sheet(self._working_name(number)) for number in range(len(self._report.parts))]
        self._inputs(inputs)
        for number, sheet in enumerate(workings):
            self._working(sheet, number)
        self._summary(summary)
        self._charts(self._sheet(say("Charts", "图表")))
        self._sources(self._sheet(say("Sources", "来源")))

    def _sheet(self, name: str) -> _Sheet:
        return self._book.add_worksheet(name)

    def _working_name(self, number: int) -> str:
        name = self._report.say("Working", "计算过程")
        return name if len(self._report.parts) == 1 else f"{name} {number + 1}"

    def _summary(self, sheet: _Sheet) -> None:
        report, say = self._report, self._report.say
        sheet.set_column(0, 0, 60)
        sheet.set_column(1, 2, 18)
        sheet.write_string(0, 0, report.title, self._big)
        sheet.write_string(1, 0, f"{report.made:%Y-%m-%d}")
        row = _texts(sheet, 3, (*report.summary, *(reason.message for reason in report.lacking)), self._text)
        _header(
            sheet, row + 1, (say("Figure", "项目"), say("Value", "数值"), say("Unit", "单位")), self._head
        )
        for row, each in enumerate(report.deciding, row + 2):  # noqa: B020  (the next row is where this one ends)
            sheet.write_string(row, 0, each.label)
            self._formula(sheet, row, 1, each.part, each.figure.name)
            sheet.write_string(row, 2, self._unit(each.figure) + (" *" if each.figure.marked else ""))
        note = say(
            "Change a value on Inputs and every figure follows. The layout, the batch and the size of a replica "
            "stay as the planner chose them: ask for a new plan to have them chosen anew.",
            "修改「输入」页的数值，所有结果随之重算。并行布局、批大小与副本卡数仍是规划时的选择，需重新规划才会重选。",
        )
        _texts(sheet, row + 2, (note,), self._text)

    def _inputs(self, sheet: _Sheet) -> None:
        """What is not computed, each in a cell with its name."""
        say = self._report.say
        heads = (say("Name", "名称"), say("Value", "数值"), say("Unit", "单位"), say("Origin", "来历"))
        _header(
            sheet,
            0,
            (*heads, say("Source", "出处"), say("Mark", "标记"), say("For", "用于"), say("Meaning", "含义")),
            self._head,
        )
        _columns(sheet, (28, 20, 18, 12, 70, 6, 24, 40))
        row = 0
        for number, part in enumerate(self._report.parts):
            for figure in part.figures:
                if figure.formula is None:
                    row += 1
                    self._input(sheet, row, part, figure)
                    self._named(number, figure.name, sheet, f"$B${row + 1}")
        sheet.freeze_panes(1, 1)

    def _input(self, sheet: _Sheet, row: int, part: Part, figure: PlanFigure) -> None:
        sheet.write_string(row, 0, figure.name)
        sheet.write_number(row, 1, figure.value, self._entry)
        for column, text in (
            (2, self._unit(figure)),
            (3, origin_of(figure.origin, self._report.language)),
            (4, figure.source or ""),
            (5, "*" if figure.marked else ""),
            (6, part.title),
            (7, figure.label),
        ):
            sheet.write_string(row, column, text)

    def _unit(self, figure: PlanFigure) -> str:
        return unit_of(figure.unit, self._report.language)

    def _named(self, number: int, name: str, sheet: _Sheet, cell: str) -> None:
        known = f"{name}_" if _A_CELL.fullmatch(name) else name
        if len(self._report.parts) > 1:
            known = f"option{number + 1}_{name}"
        self._book.define_name(known, f"='{sheet.get_name()}'!{cell}")
        self._names[number][name] = known

    def _working(self, sheet: _Sheet, number: int) -> None:
        part, say = self._report.parts[number], self._report.say
        heads = (say("Name", "名称"), say("Origin", "来历"), say("Value", "数值"), say("Unit", "单位"))
        more = (say("Formula", "公式"), say("Inputs", "输入"), say("Source", "出处"), say("Mark", "标记"))
        sheet.write_string(0, 0, part.title or self._report.title, self._big)
        _header(sheet, 2, (*heads, *more, say("Meaning", "含义")), self._head)
        _columns(sheet, _WIDTHS)
        for row, figure in enumerate(part.figures, 3):
            if figure.formula is not None:
                self._named(number, figure.name, sheet, f"$C${row + 1}")
            self._formula(sheet, row, 2, part, figure.formula or figure.name)
            sheet.write_string(row, 0, figure.name)
            sheet.write_string(row, 1, origin_of(figure.origin, self._report.language))
            sheet.write_string(row, 3, self._unit(figure))
            sheet.write_string(row, 4, figure.formula or "")
            sheet.write_string(row, 5, ", ".join(figure.inputs))
            sheet.write_string(row, 6, figure.source or "")
            sheet.write_string(row, 7, "*" if figure.marked else "")
            sheet.write_string(row, 8, figure.label)
        sheet.freeze_panes(3, 1)

    def _formula(self, sheet: _Sheet, row: int, column: int, part: Part, formula: str) -> None:
        """A formula over the part's figures, with its value for readers that do not calculate."""
        names = self._names[self._report.parts.index(part)]
        value = part.value(formula)
        form = _PLAIN if value == 0 or 1e-3 <= abs(value) < 1e9 else _SCIENTIFIC
        sheet.write_formula(row, column, f"={spreadsheet(formula, names)}", self._numbers[form], value)

    def _charts(self, sheet: _Sheet) -> None:
        sheet.set_column(0, 0, 28)
        row, top = 0, 0
        for chart in self._report.charts:
            self._chart(sheet, row, top, chart)
            row += len(chart.bars) + 3
            top += 22

    def _chart(self, sheet: _Sheet, row: int, top: int, chart: Chart) -> None:
        _header(sheet, row, (f"{chart.title} ({chart.unit})", *chart.series), self._head)
        for line, bar in enumerate(chart.bars, row + 1):
            sheet.write_string(line, 0, bar.label)
            for column, value in enumerate(bar.values, 1):
                if isinstance(value, str):
                    self._formula(sheet, line, column, bar.part, value)
                else:
                    sheet.write_number(line, column, value, self._numbers[_PLAIN])
        drawn = self._book.add_chart({"type": "bar", "subtype": "stacked"})
        first, last, name = row + 1, row + len(chart.bars), sheet.get_name()
        for column in range(1, len(chart.series) + 1):
            drawn.add_series(
                {
                    "name": [name, row, column],
                    "categories": [name, first, 0, last, 0],
                    "values": [name, first, column, last, column],
                    "gap": 60,
                }
            )
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}})
        drawn.set_x_axis({"name": chart.unit})
        drawn.set_y_axis({"reverse": True, "label_position": "low"})
        drawn.set_size({"width": 760, "height": 420})
        sheet.insert_chart(
            top, len(max(self._report.charts, key=lambda each: len(each.series)).series) + 2, drawn
        )

    def _sources(self, sheet: _Sheet) -> None:
        say = self._report.say
        _header(sheet, 0, (say("Source", "出处"), say("Figures", "支撑的数值")), self._head)
        _columns(sheet, (100, 80))
        used: dict[str, dict[str, None]] = {}
        for part in self._report.parts:
            for figure in part.figures:
                if figure.source:
                    used.setdefault(figure.source, {})[figure.name] = None
        for row, (source, figures) in enumerate(used.items(), 1):
            sheet.write_string(row, 0, source, self._text)
            sheet.write_string(row, 1, ", ".join(figures), self._text)


def _texts(sheet: _Sheet, row: int, texts: Iterable[str], form: _Format) -> int:
    """One under the other, each over three columns; the row after the last."""
    for text in texts:
        sheet.merge_range(row, 0, row, 2, "", form)
        sheet.write_string(row, 0, text, form)
        sheet.set_row(row, 32)
        row += 1
    return row


def _header(sheet: _Sheet, row: int, texts: Sequence[str], form: _Format) -> None:
    for column, text in enumerate(texts):
        sheet.write_string(row, column, text, form)


def _columns(sheet: _Sheet, widths: Sequence[float]) -> None:
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
