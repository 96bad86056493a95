"""A plan as a file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from jixi.core.errors import Language
from jixi.server.plans._report import Plan, report_of

Format = Literal["xlsx", "pdf"]
FORMATS: Final[Mapping[Format, str]] = MappingProxyType(
    {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pdf": "application/pdf",
    }
)
"""The media type of each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    name: str
    """ASCII letters, digits, dots and dashes."""
    media_type: str
    content: bytes


def export(plan: Plan, format: Format, language: Language, made: datetime) -> Document:  # noqa: A002  (its name in the API)
    """Every figure, formula and source of a plan in a workbook or a PDF, for readers of `language`."""
    report = report_of(plan, language, made)
    # Neither library is needed for anything else: they are loaded by whoever wants a file.
    if format == "xlsx":
        from jixi.server.plans._workbook import workbook

        content = workbook(report)
    else:
        from jixi.server.plans._document import document

        content = document(report)
    model = re.sub(r"[^A-Za-z0-9.]+", "-", plan.model).strip("-.")[:60]
    stem = "-".join(part for part in (report.name, model, f"{made:%Y-%m-%d}") if part)
    return Document(name=f"{stem}.{format}", media_type=FORMATS[format], content=content)
