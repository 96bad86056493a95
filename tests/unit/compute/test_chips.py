"""The chips' data agree with themselves and with what physics and data sheets allow; every figure has a source."""

from importlib.resources import files
from itertools import combinations
from urllib.parse import urlsplit

import msgspec
import pytest

from jixi.compute.chips import PRECISIONS, Chip, Chips, Peak, read_chip
from jixi.core.errors import JixiError

CHIPS = Chips.load()
each_chip = pytest.mark.parametrize("chip", list(CHIPS), ids=lambda chip: chip.id)
THIS_YEAR = 2026
# Least and most that chips of a kind have today: a slip of a digit or a unit falls out.
BF16_TFLOPS = {"gpu": (100, 5000), "card": (50, 500), "tpu": (100, 1000), "npu": (50, 1000)}
BF16_TFLOPS |= {"cpu": (1, 400), "edge": (10, 200)}
GB_S = {"gpu": (800, 10_000), "card": (200, 2000), "tpu": (500, 5000), "npu": (400, 4000)}
GB_S |= {"cpu": (100, 1000), "edge": (50, 500)}
WATTS = {"gpu": (200, 1500), "card": (50, 600), "npu": (100, 1000), "cpu": (100, 600), "edge": (5, 150)}


def figures(chip: Chip) -> list[str]:
    """The names of all that the file says of the chip, down to each precision."""
    names = ["launched", "memory.gib"]
    names += [f"peak.{name}" for name in PRECISIONS if getattr(chip.peak, name) is not None]
    names += ["memory.gb_s"] * (chip.memory.gb_s is not None)
    return names + ["link"] * (chip.link is not None) + ["power_w"] * (chip.power_w is not None)


@each_chip
def test_every_figure_has_exactly_one_source_with_an_address_and_no_source_is_idle(chip: Chip) -> None:
    named = [figure for source in chip.sources for figure in source.figures]
    assert len(named) == len(set(named))
    used = {id(chip.source(figure)) for figure in figures(chip)}
    assert used == {id(source) for source in chip.sources}
    for source in chip.sources:
        assert urlsplit(source.url).scheme in {"http", "https"}
        assert source.title


@each_chip
def test_peaks_are_dense_at_most_half_of_what_the_sheet_prints_for_sparsity(chip: Chip) -> None:
    for name in PRECISIONS:
        dense, sparse = getattr(chip.peak, name), getattr(chip.sparse, name)
        if sparse is not None:
            assert dense is not None
            assert dense == pytest.approx(sparse / 2, rel=0.02)


@each_chip
def test_a_narrower_number_is_never_slower(chip: Chip) -> None:
    for wider, narrower in combinations(("fp64", "fp32", "tf32", "bf16", "fp8", "fp4"), 2):
        slow, fast = getattr(chip.peak, wider), getattr(chip.peak, narrower)
        assert slow is None or fast is None or slow <= fast
    for wider, narrower in (("fp16", "int8"), ("int8", "int4")):
        slow, fast = getattr(chip.peak, wider), getattr(chip.peak, narrower)
        assert slow is None or fast is None or slow <= fast
    both = chip.peak.bf16, chip.peak.fp16
    assert None in both or both[0] == both[1]


@each_chip
def test_units_are_right_every_figure_lies_where_chips_of_its_kind_lie(chip: Chip) -> None:
    half = chip.peak.bf16 or chip.peak.fp16
    assert half is not None
    assert BF16_TFLOPS[chip.kind][0] <= half <= BF16_TFLOPS[chip.kind][1]
    assert chip.flops("bf16" if chip.peak.bf16 else "fp16") == half * 1e12
    assert 8 <= chip.memory.gib <= 1024
    assert chip.memory_bytes == chip.memory.gib * 2**30
    if chip.memory.gb_s is not None:
        assert GB_S[chip.kind][0] <= chip.memory.gb_s <= GB_S[chip.kind][1]
        assert chip.bandwidth == chip.memory.gb_s * 1e9
        # The machine balance of every chip so far, operations in BF16 for each byte from memory.
        assert 3 <= half * 1000 / chip.memory.gb_s <= 520
    if chip.power_w is not None:
        assert WATTS[chip.kind][0] <= chip.power_w <= WATTS[chip.kind][1]
    assert 2015 <= chip.launched <= THIS_YEAR


@each_chip
def test_prices_have_a_day_and_lie_where_prices_lie(chip: Chip) -> None:
    for price in chip.prices:
        low, high = {"list": (500, 60_000), "rental": (0.1, 20)}[price.kind]
        assert low <= price.amount <= high
        assert chip.launched <= price.date.year <= THIS_YEAR
        assert urlsplit(price.url).scheme in {"http", "https"}


@each_chip
def test_what_no_maker_says_is_marked_and_explained(chip: Chip) -> None:
    for source in chip.sources:
        if source.estimate:
            assert source.note


NAMES = [
    "V100",
    "A100",
    "A800",
    "H100",
    "H800",
    "H20",
    "H200",
    "B200",
    "GB200",
    "L4",
    "L40S",
    "4090",
    "MI300X",
    "MI355X",
]
NAMES += ["Gaudi 2", "Gaudi 3", "TPU v5e", "TPU v5p", "910B", "910C", "K100_AI", "MLU370-X8", "P800", "T20"]
NAMES += ["Xeon 8480+", "EPYC 9654", "Kunpeng 920"]


@pytest.mark.parametrize("name", NAMES)
def test_the_chips_that_people_name_are_found_by_their_short_names(name: str) -> None:
    assert CHIPS.get(name).id == CHIPS.get(name.lower()).id


def test_ids_names_and_aliases_are_unique() -> None:
    names = [name.casefold() for chip in CHIPS for name in {chip.id, chip.name, *chip.aliases}]
    assert len(set(names)) == len(names)


def test_an_unknown_chip_is_named() -> None:
    with pytest.raises(JixiError) as caught:
        CHIPS.get("nvidia-z9000")
    assert caught.value.code == "planner_chip_unknown"
    assert "nvidia-z9000" in caught.value.message("zh")


def test_an_operators_own_chip_goes_before_the_shipped_one() -> None:
    own = msgspec.structs.replace(CHIPS.get("H100"), power_w=500.0)
    assert Chips.load([own]).get("H100").power_w == 500


def test_the_latest_price_of_a_kind_counts() -> None:
    chip = CHIPS.get("H100")
    rental, listed = chip.price("rental"), chip.price("list")
    assert rental is not None
    assert listed is not None
    older = msgspec.structs.replace(rental, amount=9.0, date=rental.date.replace(year=2024))
    both = msgspec.structs.replace(chip, prices=[older, rental])
    assert both.price("rental") == rental
    assert both.price("list") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bf16 = 989.4", "bf16 = -1.0"),
        ("bf16 = 989.4", "bf17 = 1.0"),
        ('currency = "USD"', 'currency = "dollars"'),
        ("launched = 2022", "launched = 22"),
    ],
)
def test_a_broken_file_is_refused(old: str, new: str) -> None:
    text = (files("jixi.compute.chips") / "data/nvidia-h100-sxm-80gb.toml").read_text("utf-8")
    assert read_chip(text.encode()) == CHIPS.get("H100")
    assert old in text
    with pytest.raises(msgspec.MsgspecError):
        read_chip(text.replace(old, new).encode())


def test_a_precision_without_a_figure_has_no_speed() -> None:
    assert CHIPS.get("V100").flops("bf16") is None
    assert Peak().fp8 is None
