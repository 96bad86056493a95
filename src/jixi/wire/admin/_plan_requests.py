"""What a plan is asked for. Where something optional is left out, the planner's default stands, and the answer's
figures say which: defaults are not written down a second time here. Prices are estimates, in units of the currency.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from jixi.wire.admin._base import MAX_COUNT, Currency, ModelName, Name, Request, whole
from jixi.wire.admin._chips import Precision

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT), BeforeValidator(whole)]
ChipName = Annotated[str, Field(strict=True, min_length=1, max_length=120, examples=["nvidia-h100-sxm-80gb"])]

WeightFormat = Literal["fp32", "bf16", "fp16", "fp8", "int8", "q8_0", "fp4", "int4", "q4_k_m"]
CacheFormat = Literal["bf16", "fp8", "int8"]
Recompute = Literal["none", "selective", "full"]
Payment = Literal["owned", "rented"]
Grid = Literal[
    "world",
    "china",
    "china_north",
    "china_northeast",
    "china_east",
    "china_central",
    "china_northwest",
    "china_south",
    "china_southwest",
    "united_states",
    "germany",
    "france",
    "norway",
    "finland",
    "ireland",
    "india",
    "australia",
]


class PlanExperts(Request):
    """A mixture of experts."""

    count: Whole
    active: Whole = Field(description="Of a token.")
    parameters: Whole = Field(description="Of all routed experts together.")


class PlanCache(Request):
    """What some layers keep of a sequence."""

    layers: Whole
    values: Whole = Field(description="Numbers a token and layer: twice the heads of keys times their size.")
    width: Whole = Field(
        description="Of all heads, the width of keys and of values together: attention computes with it."
    )
    splits: Whole | None = Field(
        default=None, description="Accelerators that the numbers can be divided over."
    )
    window: Whole | None = Field(default=None, description="The last tokens that are kept; null for all.")
    state: Whole | None = Field(default=None, description="Numbers that do not grow with the sequence.")


class PlanModel(Request):
    """A model by its own facts. Plans say which are missing: training needs all widths, serving the cache."""

    name: Name
    parameters: Whole = Field(examples=[8_190_000_000])
    active: Whole | None = Field(default=None, description="Weights that a token passes; null for all.")
    lookup: Number | None = Field(
        default=None, description="Weights of the embedding, where the output has a matrix of its own."
    )
    kind: Literal["decoder", "encoder", "encoder_decoder"] | None = None
    layers: Whole | None = None
    hidden: Whole | None = None
    heads: Whole | None = None
    kv_heads: Whole | None = None
    head_size: Whole | None = None
    feed_forward: Whole | None = None
    vocabulary: Whole | None = None
    gated: bool | None = Field(default=None, description="Whether feed-forward layers have three matrices.")
    experts: PlanExperts | None = None
    cache: list[PlanCache] | None = Field(
        default=None,
        max_length=20,
        description="Left out, every layer keeps the keys and values of all its tokens, as `layers`, `heads`, "
        "`kv_heads` and `head_size` say.",
    )


class PlanHardware(Request):
    """Accelerators of one kind; what is set here goes before the chip's own figure."""

    chip: ChipName
    power_w: Number | None = None
    memory_gib: Number | None = None
    bandwidth_gb_s: Number | None = None
    group: Whole | None = Field(default=None, description="How many of them fast links join.")


class PlanSite(Request):
    """Where they stand and what they cost; prices are of one accelerator, its share of the server included."""

    cooling: Literal["air", "liquid"] | None = None
    pue: Number | None = None
    grid: Grid | None = None
    co2_g_kwh: Number | None = Field(default=None, description="In place of the grid's.")
    server_factor: Number | None = Field(
        default=None, description="Power of the server for one of its chips."
    )
    currency: Currency | None = None
    electricity_price: Number | None = Field(default=None, description="Of a kilowatt-hour.")
    rental: Number | None = Field(default=None, description="Of an accelerator's hour.")
    purchase: Number | None = None
    lifetime_years: Number | None = None
    upkeep: Number | None = Field(default=None, description="Of the price, a year.")


class PlanFleet(Request):
    """How many accelerators train, and how well they are used."""

    accelerators: Whole
    utilisation: Number | None = Field(default=None, description="Of the dense peak, recomputation counted.")
    scaling: Number | None = Field(default=None, description="What their number leaves of the utilisation.")
    usable_memory: Number | None = None
    mtbf_hours: Number | None = Field(default=None, description="Between failures, of one accelerator.")
    restart_s: Number | None = None
    write_speed: Number | None = Field(
        default=None, description="Of checkpoints, bytes a second and accelerator."
    )


class PlanLayout(Request):
    """Degrees of parallelism; tensor times pipeline times data are the accelerators."""

    tensor: Whole | None = None
    pipeline: Whole | None = None
    data: Whole | None = None
    expert: Whole | None = None
    zero: Literal[0, 1, 2, 3] | None = None
    micro_batch: Whole | None = None
    recompute: Recompute | None = None
    sequence_parallel: bool | None = None


class PlanEngine(Request):
    """How well an engine uses its hardware."""

    compute_utilisation: Number | None = Field(
        default=None,
        description="The share of the peak that prompts reach; steps too, but on processors.",
    )
    step_utilisation: Number | None = Field(
        default=None, description="The share of the peak that a step's products reach, if another."
    )
    attention_utilisation: Number | None = Field(
        default=None, description="The share of the peak that a step's attention reaches, if another."
    )
    overlap: Number | None = Field(
        default=None,
        description="Of processors: the part of the shorter of computing and reading that hides behind the longer.",
    )
    bandwidth_utilisation: Number | None = None
    usable_memory: Number | None = None
    overhead_bytes: Number | None = None
    max_batch: Whole | None = None
    load: Number | None = Field(default=None, description="How full replicas may be in the busiest hour.")
    link_latency_s: Number | None = None
    layer_latency_s: Number | None = Field(
        default=None, description="What each layer of a pass costs however little it computes."
    )
    busy_hours: Number | None = Field(default=None, description="Of a month, as busy as the busiest.")


class PlanTask(Request):
    """What a user asks for in the busiest hour."""

    model: ModelName | PlanModel = Field(description="The id of a model of the store, or facts of one's own.")
    prompts_per_hour: Number | None = Field(default=None, description="Of one user.")
    prompt_tokens: Number | None = None
    output_tokens: Number | None = None
    context: Number | None = Field(
        default=None, description="Kept for each call; null for prompt and answer."
    )
    reused: Number | None = Field(default=None, description="The share of prompts that a prefix cache has.")
    first_token_s: Number | None = Field(default=None, description="The longest wait allowed; null for any.")
    token_s: Number | None = Field(default=None, description="The longest time between tokens; null for any.")
    weights: WeightFormat | None = None
    weight_bytes: Number | None = Field(
        default=None, description="What the weights take, where their file says it; null by their format."
    )
    cache: CacheFormat | None = None
    spare: Whole | None = Field(default=None, description="Replicas that stand by.")


class TrainingPlanRequest(Request):
    """A training run on so many accelerators."""

    model: ModelName | PlanModel = Field(description="The id of a model of the store, or facts of one's own.")
    hardware: PlanHardware
    fleet: PlanFleet
    tokens: Number
    sequence: Whole | None = None
    batch_tokens: Number | None = None
    micro_batch: Whole | None = None
    method: Literal["full", "lora", "qlora"] | None = None
    rank: Whole | None = None
    optimizer: Literal["adamw", "adamw_8bit", "sgd"] | None = None
    precision: Precision | None = None
    gradient_bytes: Number | None = None
    recompute: Recompute | None = Field(default=None, description="Null for the least that fits.")
    k: Number | None = Field(default=None, description="Operations of a weight and token.")
    site: PlanSite = PlanSite()
    layout: PlanLayout | None = Field(default=None, description="Null for the best that fits.")
    tornado: Payment | None = Field(default=None, description="Of which cost; null for none.")


class ServingPlanRequest(PlanTask):
    """Say `users` for what they need, or `accelerators` for how many users those serve."""

    hardware: PlanHardware
    users: Number | None = None
    accelerators: Whole | None = None
    engine: PlanEngine = PlanEngine()
    site: PlanSite = PlanSite()
    tornado: Payment | None = Field(default=None, description="Of which cost; null for none. Needs `users`.")


class HardwareOption(Request):
    """Accelerators that are bought, rented by the hour all month, or devices that stand with their users."""

    kind: Literal["owned", "rented", "edge"]
    name: Name
    hardware: PlanHardware
    site: PlanSite = Field(default=PlanSite(), description="What differs from the comparison's own.")
    weights: WeightFormat | None = Field(default=None, description="In place of the task's.")
    cache: CacheFormat | None = Field(default=None, description="In place of the task's.")
    users_per_device: Number | None = Field(default=None, description="Of devices at the edge alone.")


class ApiOption(Request):
    """A provider's API, at prices for a million tokens."""

    kind: Literal["api"]
    name: Name
    input_price: Number
    output_price: Number


PlanOption = Annotated[HardwareOption | ApiOption, Field(discriminator="kind")]


class ComparisonPlanRequest(PlanTask):
    """Ways to serve the same task; its `weights` are those of options that name none."""

    users: Number
    options: list[PlanOption] = Field(min_length=1, max_length=20)
    million_tokens: Number | None = Field(
        default=None, description="A month; null for what the users ask for, where an option has hardware."
    )
    engine: PlanEngine = PlanEngine()
    site: PlanSite = PlanSite()
    tornado: Name | None = Field(default=None, description="Of which option's month; null for none.")
