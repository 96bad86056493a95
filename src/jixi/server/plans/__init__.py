"""Plans as the API and the command line have them: the capacity planner in the types of `wire`.

Owns: translation there and back, in the reader's language. Must not: compute anything (compute/planner does), know
HTTP. Tests: tests/unit/server/test_plans.py, tests/behaviour/test_plans.py.
"""

from jixi.server.plans._compare import compare
from jixi.server.plans._desk import Desk
from jixi.server.plans._plans import serve, train

__all__ = ["Desk", "compare", "serve", "train"]
