"""A report's charts for print: bars that lie, one under the other, with their legend."""

import re
from typing import Final

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth

from jixi.server.plans._report import Bar, Chart

CHINESE: Final = "STSong-Light"
"""The name of the font for Chinese among those that PDF readers bring."""
_COLOURS: Final = [
    HexColor(each) for each in ("#2F6FDE", "#F0A030", "#3BA272", "#9A60B4", "#EE6666", "#C8CED6")
]
_INK: Final[Color] = HexColor("#2B3440")
_LABELS, _ROW, _HEADER = 110, 20, 40


def drawing(chart: Chart, width: float) -> Drawing:
    """As wide as `width`, in points; as high as it has bars."""
    height = _HEADER + _ROW * len(chart.bars) + 12
    drawn = Drawing(width, height)
    drawn.add(_string(0, height - 12, f"{chart.title} ({chart.unit})", 10))
    _legend(drawn, chart, height - 28)
    low, high = _ends(chart)
    scale = (width - _LABELS - (120 if chart.around else 60)) / (high - low)
    zero = _LABELS - low * scale
    for row, bar in enumerate(chart.bars):
        _bar(drawn, chart, bar, (zero, height - _HEADER - _ROW * (row + 1), scale))
    drawn.add(Line(zero, 8, zero, height - _HEADER, strokeColor=_INK, strokeWidth=0.5))
    return drawn


def _ends(chart: Chart) -> tuple[float, float]:
    """The least and the most that any bar reaches, zero among them."""
    numbers = [bar.numbers() for bar in chart.bars]
    reached = [each for values in numbers for each in (values if chart.around else (sum(values),))]
    low, high = min(0.0, *reached), max(0.0, *reached)
    return low, high if high > low else low + 1


def _legend(drawn: Drawing, chart: Chart, y: float) -> None:
    x = 0.0
    for name, colour in zip(chart.series, _COLOURS, strict=False):
        drawn.add(_box(x, y, 7, 7, colour))
        drawn.add(_string(x + 10, y, name, 7.5))
        x += 22 + stringWidth(name, _font(name), 7.5)


def _bar(drawn: Drawing, chart: Chart, bar: Bar, at: tuple[float, float, float]) -> None:
    zero, y, scale = at
    drawn.add(_string(0, y + 4, _short(bar.label), 7.5))
    numbers, x = bar.numbers(), zero
    for value, colour in zip(numbers, _COLOURS, strict=False):
        start = zero if chart.around else x
        left, length = min(start, start + value * scale), abs(value * scale)
        drawn.add(_box(left, y + 2, length, _ROW - 7, colour))
        x += value * scale
    said = " / ".join(map(_number, numbers)) if chart.around else _number(sum(numbers))
    end = max(zero + max(numbers) * scale, zero) if chart.around else x
    drawn.add(_string(end + 4, y + 4, said, 7))


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:,.4g}"


def _box(x: float, y: float, width: float, height: float, colour: Color) -> Rect:
    box = Rect(x, y, width, height)
    box.fillColor, box.strokeColor = colour, None
    return box


def _string(x: float, y: float, text: str, size: float) -> String:
    return String(x, y, text, fontName=_font(text), fontSize=size, fillColor=_INK)


def _font(text: str) -> str:
    """A line of a chart has one font: that for Chinese has Latin letters too."""
    return CHINESE if re.search("[^\u0000-\u00ff]", text) else "Helvetica"


def _short(label: str) -> str:
    return label if len(label) <= 22 else f"{label[:21]}…"
