"""Plans as the API and the command line have them: the capacity planner in the types of `wire`, and as documents.

Owns: translation there and back, in the reader's language; plans as workbooks and as PDF. Must not: compute anything
(compute/planner does), know HTTP. Tests: tests/unit/server/test_plans.py, tests/behaviour/test_plans.py.
"""

from jixi.server.plans._compare import compare
from jixi.server.plans._desk import Desk
from jixi.server.plans._export import FORMATS, Document, Format, export
from jixi.server.plans._plans import serve, train
from jixi.server.plans._report import Plan
from jixi.server.plans._summary import turned
from jixi.server.plans._words import SERVING, TRAINING, shown

__all__ = [
    "FORMATS",
    "SERVING",
    "TRAINING",
    "Desk",
    "Document",
    "Format",
    "Plan",
    "compare",
    "export",
    "serve",
    "shown",
    "train",
    "turned",
]
