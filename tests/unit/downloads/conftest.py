"""The hub and the stores of the sources' own tests."""

from tests.unit.sources.conftest import hub, make_store

__all__ = ["hub", "make_store"]
