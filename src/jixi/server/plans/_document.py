"""A report as a PDF: what it comes to on the first page, the whole working behind it."""

import re
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from jixi.compute.planner import origin_of
from jixi.core.errors import Language
from jixi.server.plans._bars import CHINESE, drawing
from jixi.server.plans._report import Part, Report
from jixi.server.plans._words import shown
from jixi.wire.admin import PlanFigure

_CHINESE_RUN: Final = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+")
# What Helvetica's encoding lacks: the font for Chinese has Greek, Cyrillic and signs too, and no ink for the rest.
_NOT_LATIN_RUN: Final = re.compile(f"[^{re.escape(bytes(range(256)).decode('cp1252', 'ignore'))}]+")
_WIDTH: Final = A4[0] - 36 * mm
_LINE: Final = HexColor("#C9D3E0")
_HEAD: Final = HexColor("#E8EEF7")
_GREY: Final = HexColor("#5A6472")
_SIZES: Final = {"title": (20, 26), "heading": (13, 18), "text": (9.5, 14), "cell": (7, 9)}


def document(report: Report) -> bytes:
    """A PDF file. Chinese is set in a font that every reader has for it: no font file is needed here."""
    fonts: Any = pdfmetrics
    if CHINESE not in fonts.getRegisteredFontNames():
        fonts.registerFont(UnicodeCIDFont(CHINESE))
    buffer = BytesIO()
    pages = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=report.title,
        author="Jixi",
        lang=report.language,
    )

    def footer(canvas: Canvas, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_GREY)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(canvas.getPageNumber()))
        canvas.drawString(18 * mm, 10 * mm, f"Jixi {report.made:%Y-%m-%d}")

    pages.build(_story(report), onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def _story(report: Report) -> list[Flowable]:
    say = report.say
    story: list[Flowable] = [
        _text(report.title, "title"),
        _text(f"{report.made:%Y-%m-%d}", "text"),
        Spacer(1, 4 * mm),
        *(_text(sentence, "text") for sentence in report.summary),
        *(_text(reason.message, "text") for reason in report.lacking),
        _text(say("What decides", "关键结果"), "heading"),
        _table(
            (say("Figure", "项目"), say("Value", "数值"), say("How", "依据")),
            [
                (each.label, each.text(report.language), _why(each.figure, report.language))
                for each in report.deciding
            ],
            (0.26, 0.24, 0.5),
        ),
        _text(say("Charts", "图表"), "heading"),
    ]
    story += [drawing(chart, _WIDTH) for chart in report.charts]
    for part in report.parts:
        story += _working(report, part)
    story.append(_text(say("Sources", "来源"), "heading"))
    sources = dict.fromkeys(each.source for part in report.parts for each in part.figures if each.source)
    story += [_text(source, "cell") for source in sources]
    return story


def _working(report: Report, part: Part) -> list[Flowable]:
    """The inputs, those assumed marked, then every computed figure with its formula."""
    say, language, title = report.say, report.language, f": {part.title}" if part.title else ""
    inputs = [figure for figure in part.figures if figure.formula is None]
    computed = [figure for figure in part.figures if figure.formula is not None]
    return [
        _text(say("Inputs", "输入") + title, "heading"),
        _text(say("* assumed or estimated: nobody vouches for it.", "* 假设或估计：无人为其背书。"), "cell"),
        _table(
            (say("Name", "名称"), say("Value", "数值"), say("Origin", "来历"), say("Source", "出处")),
            [
                (_name(each), _value(each, language), origin_of(each.origin, language), each.source or "–")
                for each in inputs
            ],
            (0.27, 0.2, 0.1, 0.43),
        ),
        _text(say("Working", "计算过程") + title, "heading"),
        _table(
            (say("Name", "名称"), say("Value", "数值"), say("Formula", "公式"), say("Source", "出处")),
            [
                (_name(each), _value(each, language), each.formula or "", each.source or "–")
                for each in computed
            ],
            (0.24, 0.17, 0.36, 0.23),
        ),
    ]


def _name(figure: PlanFigure) -> str:
    """As formulas have it, and what it is called."""
    return figure.name if figure.label == figure.name else f"{figure.name}: {figure.label}"


def _why(figure: PlanFigure, language: Language) -> str:
    return figure.formula or figure.source or origin_of(figure.origin, language)


def _value(figure: PlanFigure, language: Language) -> str:
    return shown(figure, language) + (" *" if figure.marked else "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> LongTable:
    cells = [[_text(text, "cell") for text in row] for row in (heads, *rows)]
    table = LongTable(cells, colWidths=[share * _WIDTH for share in shares], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _text(text: str, kind: str) -> Paragraph:
    """All that is not Latin in the font for Chinese; Latin letters keep theirs, which sets them better."""
    size, leading = _SIZES[kind]
    chinese = _CHINESE_RUN.search(text) is not None
    marked = _NOT_LATIN_RUN.sub(lambda run: f'<font name="{CHINESE}">{run[0]}</font>', escape(text))
    style = ParagraphStyle(
        kind,
        fontName="Helvetica-Bold" if kind in ("title", "heading") else "Helvetica",
        fontSize=size,
        leading=leading,
        spaceBefore=10 if kind == "heading" else 0,
        spaceAfter=4,
        keepWithNext=kind == "heading",
        wordWrap="CJK" if chinese else None,
        splitLongWords=1,
    )
    return Paragraph(marked, style)
