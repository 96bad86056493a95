"""HTTP: the model API in its dialects, the admin API, the built console.

Owns: routes, authentication of a request, translation of problems, headers. Must not: hold rules of a room, touch
SQL outside `_records.py`, read the environment. Tests: tests/behaviour.
"""

__all__: list[str] = []
