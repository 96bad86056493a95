"""What the planner takes where the user says nothing: each with the one who says it, or marked as ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from jixi.compute.chips import Kind

Cooling = Literal["air", "liquid"]
OURS: Final = "an assumption of the planner; set your own"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumed:
    """A default and its source, with the day or year of what it says."""

    value: float
    unit: str
    source: str


def _assumed(value: float, unit: str, source: str = OURS) -> Assumed:
    return Assumed(value=value, unit=unit, source=source)


UTILISATION: Final[Mapping[Kind, Assumed]] = MappingProxyType(
    {
        "gpu": _assumed(0.40, "1", "Llama 3 405B: 38-43 % of BF16 on 16 384 H100 (arXiv:2407.21783, 2024)"),
        "card": _assumed(0.30, "1", OURS),
        "tpu": _assumed(0.46, "1", "PaLM 540B: 46.2 % of BF16 on 6 144 TPU v4 (arXiv:2204.02311, 2022)"),
        "npu": _assumed(0.30, "1", "Pangu Ultra MoE: 30.0 % on 6 000 Ascend NPUs (arXiv:2505.04519, 2025)"),
        "cpu": _assumed(0.30, "1", OURS),
        "edge": _assumed(0.20, "1", OURS),
    }
)
"""The share of the dense peak that training reaches, what it computes twice included, by kind of chip."""
PREFILL_UTILISATION: Final = _assumed(0.50, "1", OURS)
_OWN_RUNS: Final = "llama.cpp on one core of an AMD EPYC, measured: docs/reference/planner-checks.md (2026)"
_LAYERS_HERE: Final = (
    "llama.cpp on one thread, models of 4 and 128 layers that are next to nothing, measured: "
    "docs/reference/planner-checks.md (2026)"
)
CPU_STEP: Final = _assumed(0.255, "1", _OWN_RUNS)
"""Of a processor's vector peak, by a step's products: a matrix that is unpacked for few vectors."""
CPU_STEP_REPACKED: Final = _assumed(0.53, "1", _OWN_RUNS)
"""The same for formats that llama.cpp lays out anew for vector units as it loads them (ggml-cpu/repack.cpp)."""
CPU_TILE_GAIN: Final = _assumed(0.2, "1", _OWN_RUNS)
"""How much more a step's products reach from four sequences on, which share the unpacking of a weight: its products of
tiles (ggml-cpu/llamafile/sgemm.cpp, repack.cpp) are four wide.
"""
CPU_ATTENTION: Final = _assumed(0.07, "1", _OWN_RUNS)
"""By a step's attention: short rows, and an exponential for each. 0.065 with heads of 64 numbers, more with larger."""
CPU_OVERLAP: Final[Mapping[str, Assumed]] = MappingProxyType(
    {
        "AMD": _assumed(
            1, "1", "llama.cpp on one core of an AMD EPYC, measured: docs/reference/planner-checks.md (2026)"
        ),
        "Intel": _assumed(
            0,
            "1",
            "llama.cpp on one core of an Intel Xeon, measured: docs/reference/planner-checks.md (2026)",
        ),
    }
)
"""The part of the shorter of a step's computing and reading that hides behind the longer, by the processor's maker."""
CPU_OVERLAP_OTHER: Final = _assumed(0, "1", OURS)
_LAUNCHES: Final = (
    "about seven kernels a layer, 1.3 µs each with CUDA graphs on an H100 "
    "(Look Ma, No Bubbles!, hazyresearch.stanford.edu, 2025)"
)
LAYER_LATENCY: Final[Mapping[Kind, Assumed]] = MappingProxyType(
    {
        "gpu": _assumed(9e-6, "s", _LAUNCHES),
        "card": _assumed(9e-6, "s", _LAUNCHES),
        "tpu": _assumed(9e-6, "s", OURS),
        "npu": _assumed(9e-6, "s", OURS),
        "cpu": _assumed(8e-6, "s", _LAYERS_HERE),
        "edge": _assumed(18e-6, "s", OURS),
    }
)
"""What each layer of a pass costs however little it computes: operators that start, and threads that meet."""
BANDWIDTH_UTILISATION: Final = _assumed(
    0.65, "1", "60-85 % in tuned engines (open-source-ai.tech, model bandwidth utilization, 2026)"
)
SCALING_AT_A_THOUSAND: Final = _assumed(
    0.92,
    "1",
    "linear efficiency of 92 % at a thousand cards, industry report on generative AI in China, 2023",
)
PUE: Final[Mapping[Cooling, Assumed]] = MappingProxyType(
    {
        "air": _assumed(1.56, "1", "Uptime Institute global data center survey, 2024: average"),
        "liquid": _assumed(1.15, "1", "hyperscale sites reach 1.1-1.2 (Uptime Institute, 2026)"),
    }
)
_EMBER: Final = "Ember, yearly electricity data for 2023 (2024)"
_MEE: Final = "Ministry of Ecology and Environment of China: CO2 factors of electricity for 2023 (2026-01)"
GRIDS: Final[Mapping[str, Assumed]] = MappingProxyType(
    {
        "world": _assumed(481, "g/kWh", _EMBER),
        "china": _assumed(530.6, "g/kWh", _MEE),
        "china_north": _assumed(636.1, "g/kWh", _MEE),
        "china_northeast": _assumed(512.2, "g/kWh", _MEE),
        "china_east": _assumed(550.0, "g/kWh", _MEE),
        "china_central": _assumed(527.1, "g/kWh", _MEE),
        "china_northwest": _assumed(554.3, "g/kWh", _MEE),
        "china_south": _assumed(404.2, "g/kWh", _MEE),
        "china_southwest": _assumed(247.2, "g/kWh", _MEE),
        "united_states": _assumed(369, "g/kWh", _EMBER),
        "germany": _assumed(381, "g/kWh", _EMBER),
        "france": _assumed(56, "g/kWh", _EMBER),
        "norway": _assumed(30, "g/kWh", _EMBER),
        "finland": _assumed(79, "g/kWh", _EMBER),
        "ireland": _assumed(291, "g/kWh", _EMBER),
        "india": _assumed(713, "g/kWh", _EMBER),
        "australia": _assumed(549, "g/kWh", _EMBER),
    }
)
"""Carbon dioxide of a kilowatt-hour, by grid."""
SERVER_FACTOR: Final = _assumed(
    1.5,
    "1",
    "an 8 x H100 server drew at most 8.4 kW in training, 5.6 kW of it chips (arXiv:2412.08602, 2024)",
)
ELECTRICITY_PRICE: Final = _assumed(0.10, "USD/kWh", OURS)
LIFETIME: Final = _assumed(4, "year", OURS)
UPKEEP: Final = _assumed(0.05, "1/year", OURS)
MTBF: Final = _assumed(
    50_700, "h", "Llama 3 405B: 419 failures in 54 days on 16 384 H100 (arXiv:2407.21783, 2024)"
)
RESTART: Final = _assumed(600, "s", OURS)
WRITE_SPEED: Final = _assumed(
    0.24e9, "B/s", "62 GB/s for 256 chips: NVIDIA DGX SuperPOD H100 reference architecture, enhanced storage"
)
BATCH_TOKENS: Final = _assumed(4e6, "token", "Llama 2: batches of 4 million tokens (arXiv:2307.09288, 2023)")
USABLE_MEMORY: Final = _assumed(0.90, "1", "vLLM fills 90 % of memory unless told otherwise (docs.vllm.ai)")
SERVING_OVERHEAD: Final = _assumed(2e9, "B", OURS)
MAX_BATCH: Final = _assumed(256, "1", "vLLM's usual limit of sequences at once (docs.vllm.ai, max_num_seqs)")
LOAD: Final = _assumed(0.80, "1", OURS)
LINK_LATENCY: Final = _assumed(10e-6, "s", OURS)
NETWORK: Final = _assumed(
    100e9, "B/s", "400 Gb/s each way for each chip, as in Llama 3 (arXiv:2407.21783, 2024)"
)
BUSY_HOURS: Final = _assumed(176, "h/month", "8 hours on 22 days: " + OURS)
