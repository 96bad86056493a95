"""Plans: figures with units, formulas and sources, in the order of computing."""

from typing import Literal

from pydantic import Field

from jixi.wire.admin._base import Currency, Response
from jixi.wire.admin._models import Reason
from jixi.wire.admin._plan_requests import Payment, Recompute

Lacking = Literal["energy", "owned_cost", "rented_cost"]


class PlanFigure(Response):
    """A number; a figure stands after those that it is computed from."""

    name: str = Field(examples=["weights"])
    label: str = Field(
        description="What it is called, in the caller's language.", examples=["weights on each"]
    )
    value: float
    unit: str = Field(description="Symbols joined by * and /; 1 for a count or share.", examples=["B"])
    origin: Literal["given", "assumed", "chip", "model", "layout", "constant", "computed"]
    formula: str | None = Field(examples=["weight_size * parameters / replica"])
    inputs: list[str] = Field(description="The figures that the formula asks for.")
    source: str | None = Field(description="Who vouches for the value or the formula.")
    marked: bool = Field(description="Whether nobody vouches for it: a default, or an estimate about a chip.")


class PlanSwing(Response):
    """The cost at the low and at the high value of one input, the others as they are."""

    name: str
    label: str = Field(description="What the input is called, in the caller's language.")
    low: float
    high: float
    result_low: float
    result_high: float


class _Tornado(Response):
    """What each input does to a cost when it alone is 20 % less or more."""

    cost: float
    swings: list[PlanSwing] = Field(description="The widest first.")


class PlanTornado(_Tornado):
    """What each input does to what a plan costs when it alone is 20 % less or more."""

    pay: Payment


class ComparedTornado(_Tornado):
    """What each input does to what a month of an option costs when it alone is 20 % less or more."""

    option: str = Field(description="Its name.")


class LayoutChoice(Response):
    """Degrees of parallelism; ZeRO 1 divides optimizer states over data ranks, 2 gradients too, 3 weights too."""

    tensor: int
    pipeline: int
    data: int
    expert: int
    zero: int
    micro_batch: int
    recompute: Recompute
    sequence_parallel: bool


class _Plan(Response):
    model: str
    chip: str = Field(description="Its id.")
    currency: Currency
    figures: list[PlanFigure]
    lacking: dict[Lacking, Reason] = Field(
        description="What could not be computed, and the number that it takes."
    )
    tornado: PlanTornado | None


class TrainingPlan(_Plan):
    layout: LayoutChoice
    layouts: list[LayoutChoice] = Field(description="The best ten that fit, the best first.")
    fitting: int = Field(description="How many layouts fit.")


class PlanCapacity(Response):
    """What the accelerators named can do."""

    users: int
    longest_context: int = Field(description="Of a single call, in tokens.")


class ServingPlan(_Plan):
    accelerators: int
    replicas: int
    replica: int = Field(description="Accelerators of one replica.")
    batch: int = Field(description="Sequences at once in a replica.")
    limit: Literal["compute", "bandwidth", "memory"] = Field(
        description="What a faster replica would need first."
    )
    capacity: PlanCapacity | None = Field(description="Null where `users` were asked for.")


class ComparedOption(Response):
    name: str
    kind: Literal["owned", "rented", "edge", "api"]
    month: float = Field(description="The cost of a month.")
    fixed: float = Field(description="Of it, what is paid whatever comes.")
    variable: float = Field(description="What a million tokens more cost.")
    most_million_tokens: float | None = Field(description="A month; null for any number.")
    accelerators: int
    figures: list[PlanFigure]


class BreakEven(Response):
    """From so many million tokens a month on, `above` is the cheaper of the two."""

    below: str
    above: str
    million_tokens: float
    reached: bool = Field(description="False where `above` cannot do as many.")


class UnfitOption(Response):
    """An option that cannot be compared."""

    name: str
    reason: Reason


class ComparisonPlan(Response):
    model: str
    currency: Currency
    million_tokens: float
    options: list[ComparedOption] = Field(description="The cheapest first.")
    break_evens: list[BreakEven]
    unfit: list[UnfitOption]
    tornado: ComparedTornado | None = Field(
        description="Null where none was asked for, or its option cannot be compared."
    )
