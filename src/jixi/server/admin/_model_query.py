"""What the list of models is asked for."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from jixi.models import catalog
from jixi.models.catalog import Access, EngineName, Format, Level, LicenceClass, Sort, Task

_Word = Annotated[str | None, Field(max_length=120)]
_Count = Annotated[int | None, Field(ge=1, le=2**53 - 1)]


class _Wanted(BaseModel):
    """The page stands in the same query."""

    model_config = ConfigDict(extra="ignore")
    q: str = Field(default="", max_length=200, description="Words that must all be found.")
    family: _Word = Field(default=None, description="With its generations: qwen finds Qwen3.")
    publisher: _Word = None
    task: Task | None = None
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    license: _Word = None
    license_class: LicenceClass | None = None
    level: Level | None = None
    access: Access | None = None
    format: Format | None = None
    engine: EngineName | None = None
    min_parameters: _Count = None
    max_parameters: _Count = None
    max_bytes: _Count = Field(default=None, description="One variant is at most so large.")
    sort: Sort = "name"


def _query(wanted: Annotated[_Wanted, Query()]) -> catalog.Query:
    said = wanted.model_dump()
    renamed = {"q": "text", "license": "licence", "license_class": "licence_class"}
    return catalog.Query(**{renamed.get(name, name): value for name, value in said.items()})


ModelQuery = Annotated[catalog.Query, Depends(_query)]
