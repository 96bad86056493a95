"""Rollouts: deployments as people want them, kept in the database in revisions, with who changed what.

Owns: the records, what fits together (variant, engine, context, licence), names, going back to a revision. Must not:
start engines, fetch files, know prices; the assembly brings about what stands here. Tests: tests/unit/rollouts.
"""

from jixi.models.rollouts._adapters import Adapter
from jixi.models.rollouts._choice import USUAL_CONTEXT, Choice, Chooser
from jixi.models.rollouts._preview import Preview, preview
from jixi.models.rollouts._rollouts import Models, Neighbours, Rollouts, Who
from jixi.models.rollouts._values import Action, Change, Draft, Plan, Revision, Rollout, Wanted

__all__ = [
    "USUAL_CONTEXT",
    "Action",
    "Adapter",
    "Change",
    "Choice",
    "Chooser",
    "Draft",
    "Models",
    "Neighbours",
    "Plan",
    "Preview",
    "Revision",
    "Rollout",
    "Rollouts",
    "Wanted",
    "Who",
    "preview",
]
