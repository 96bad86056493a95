"""The capacity planner: what training or serving a model takes, lasts and costs, and how sure one can be of it.

Owns: training plans, inference plans, comparisons, sensitivity; pure functions over numbers with units, every result
with its formulas, inputs, sources and marks (`Sheet`), and what these are called. Must not: do I/O, know models beyond
`Model`, move money. Tests: tests/unit/planner.
"""

from jixi.compute.planner._assumed import GRIDS, PUE, UTILISATION, Assumed, Cooling
from jixi.compute.planner._compare import (
    BreakEven,
    Comparison,
    Option,
    OptionKind,
    api,
    compare,
    edge,
    owned,
    plan_variants,
    rented,
)
from jixi.compute.planner._formula import evaluate, spreadsheet
from jixi.compute.planner._layout import Layout, Recompute
from jixi.compute.planner._model import (
    WEIGHT_BITS,
    Experts,
    LayerCache,
    Model,
    ModelKind,
    WeightFormat,
    computes_in,
)
from jixi.compute.planner._replica import Limit
from jixi.compute.planner._serving import Capacity, ServingPlan, plan_capacity, plan_serving
from jixi.compute.planner._sheet import Figure, Origin, Sheet
from jixi.compute.planner._site import Hardware, Payment, Site
from jixi.compute.planner._tornado import (
    Swing,
    api_tornado,
    edge_tornado,
    serving_tornado,
    tornado,
    training_tornado,
)
from jixi.compute.planner._training import (
    OPTIMIZER_BYTES,
    Fleet,
    Method,
    Optimizer,
    TrainingPlan,
    TrainingTask,
    plan_training,
    training_flops,
)
from jixi.compute.planner._words import label_of, origin_of, source_of, unit_of
from jixi.compute.planner._workload import CACHE_BYTES, CacheFormat, Engine, ServingTask

__all__ = [
    "CACHE_BYTES",
    "GRIDS",
    "OPTIMIZER_BYTES",
    "PUE",
    "UTILISATION",
    "WEIGHT_BITS",
    "Assumed",
    "BreakEven",
    "CacheFormat",
    "Capacity",
    "Comparison",
    "Cooling",
    "Engine",
    "Experts",
    "Figure",
    "Fleet",
    "Hardware",
    "LayerCache",
    "Layout",
    "Limit",
    "Method",
    "Model",
    "ModelKind",
    "Optimizer",
    "Option",
    "OptionKind",
    "Origin",
    "Payment",
    "Recompute",
    "ServingPlan",
    "ServingTask",
    "Sheet",
    "Site",
    "Swing",
    "TrainingPlan",
    "TrainingTask",
    "WeightFormat",
    "api",
    "api_tornado",
    "compare",
    "computes_in",
    "edge",
    "edge_tornado",
    "evaluate",
    "label_of",
    "origin_of",
    "owned",
    "plan_capacity",
    "plan_serving",
    "plan_training",
    "plan_variants",
    "rented",
    "serving_tornado",
    "source_of",
    "spreadsheet",
    "tornado",
    "training_flops",
    "training_tornado",
    "unit_of",
]
