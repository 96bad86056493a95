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
    Problem(
        code="planner_choice_unknown",
        status=422,
        en="The input {name} is {value!r}, and is one of {choices}.",
        zh="{name} 为 {value!r}，可选值为 {choices}。",
        remedy_en="Choose one of them.",
        remedy_zh="请从中选择。",
    ),
    Problem(
        code="planner_value_out_of_range",
        status=422,
        en="The input {name} is {value} and must be from {least} to {most}.",
        zh="{name} 为 {value}，须在 {least} 到 {most} 之间。",
        remedy_en="Correct that number; check its unit first.",
        remedy_zh="请修正该数值，并先核对单位。",
    ),
    Problem(
        code="planner_values_contradict",
        status=422,
        en="The input {name} is {value}, which does not go with {other} = {bound}.",
        zh="{name} 为 {value}，与 {other} = {bound} 矛盾。",
        remedy_en="Correct one of the two.",
        remedy_zh="请修正其中之一。",
    ),
    Problem(
        code="planner_value_missing",
        status=422,
        en="The number {name} is missing: nobody has said it of {of}.",
        zh="缺少 {name}：{of} 没有公布该数值。",
        remedy_en="Give that number yourself; the planner does not guess it.",
        remedy_zh="请自行填写该数值，规划器不会猜测。",
    ),
    Problem(
        code="planner_facts_missing",
        status=422,
        en="The model {model!r} lacks facts about its architecture: {facts}.",
        zh="模型 {model!r} 缺少架构信息：{facts}。",
        remedy_en="Add them to the model's entry; its config.json has them.",
        remedy_zh="请在模型条目中补充，其 config.json 中有这些信息。",
    ),
    Problem(
        code="planner_does_not_fit",
        status=422,
        en="No layout fits: the best needs {needed_gib} GiB of each accelerator, and {usable_gib} GiB can be used; "
        "most is taken by {largest}.",
        zh="没有可行的布局：最优布局每卡需要 {needed_gib} GiB，可用 {usable_gib} GiB；占用最多的是 {largest}。",
        remedy_en="Take more accelerators or larger ones, fewer bits, a shorter context or a smaller batch.",
        remedy_zh="请增加卡数或换用显存更大的卡、降低精度、缩短上下文或减小批量。",
    ),
    Problem(
        code="planner_target_unreachable",
        status=422,
        en="A {name} of {wanted} s cannot be had with this hardware: the best is {best} s for a single call.",
        zh="该硬件无法达到 {name} = {wanted} s：单个请求的最优值为 {best} s。",
        remedy_en="Allow more time, or take faster accelerators or fewer bits.",
        remedy_zh="请放宽时延，或换用更快的卡、降低精度。",
    ),
)
