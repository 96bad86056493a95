"""The types that travel: public requests and responses, known to the server, the client and the CLI alone.

Owns: `admin` (the admin API, one file per noun) and the body of a problem. Must not: know any room but core.
Tests: tests/behaviour, and the schema of the admin API in console/openapi.json.
"""

from jixi.wire._problem import FieldProblem, ProblemDetails

__all__ = ["FieldProblem", "ProblemDetails"]
