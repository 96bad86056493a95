"""Problems of the capacity planner: each names the number that is missing or wrong."""

from jixi.core._problem import Problem

PLANNER: tuple[Problem, ...] = (
    Problem(
        code="planner_chip_unknown",
        status=404,
        en="The chip {chip!r} is not in the catalogue.",
        zh="芯片目录中没有 {chip!r}。",
        remedy_en="Choose one of the catalogue, or describe it with its peak, memory, bandwidth and power.",
        remedy_zh="请从目录中选择，或自行填写该芯片的算力、显存、带宽与功耗。",
    ),
)
