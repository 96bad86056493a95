"""What helps where a model is not ready, by the state in which it is."""

from collections.abc import Mapping
from typing import Final

from jixi.core._problem import Case

UNREADY: Final[Mapping[str, Case]] = {
    "pending": Case(
        "等待启动",
        "It starts by itself: try again in a moment. Where that takes longer, the Deployments page says what it waits "
        "for.",
        "会自动启动，请稍后重试；若久未启动，「部署」页会说明它在等待什么。",
    ),
    "pulling": Case(
        "正在下载",
        "Its files are being fetched, which may take long. The Deployments page shows how far that is; try again once "
        "the model is ready.",
        "正在下载模型文件，可能需要较长时间。「部署」页显示进度，就绪后请重试。",
    ),
    "starting": Case(
        "正在启动",
        "Its engine is being started: try again after the seconds that Retry-After says.",
        "正在启动引擎，请在 Retry-After 给出的秒数后重试。",
    ),
    "waiting for room": Case(
        "等待内存",
        "It starts by itself once enough memory is free. An operator stops another deployment, or makes this one "
        "smaller; the Deployments page says how much it needs.",
        "内存足够时会自动启动。请运维人员停止其他部署，或调小本部署；「部署」页会说明需要多少。",
    ),
    "asleep": Case(
        "因空闲已卸载",
        "Your call starts it: try again after the seconds that Retry-After says.",
        "您的调用会将其启动，请在 Retry-After 给出的秒数后重试。",
    ),
    "degraded": Case(
        "没有进展",
        "Its engine makes no progress, and is started again by itself if that goes on: try again in a moment.",
        "引擎没有进展，若持续如此会自动重启，请稍后重试。",
    ),
    "being replaced": Case(
        "正在替换",
        "Another revision takes over: try again in a moment.",
        "正在切换到另一个修订，请稍后重试。",
    ),
    "stopped": Case(
        "已停止",
        "Trying again does not help: an operator starts it on the Deployments page or with 'jixi deployments start'.",
        "重试没有用：请运维人员在「部署」页启动它，或使用 'jixi deployments start'。",
    ),
    "failed": Case(
        "已失败",
        "Trying again does not help: the Deployments page says why it failed. An operator mends that and restarts it.",
        "重试没有用：「部署」页会说明失败的原因。请运维人员排除后重启。",
    ),
    "loading or overloaded": Case(
        "正在加载或过载",
        "Try again after the seconds that Retry-After says.",
        "请在 Retry-After 给出的秒数后重试。",
    ),
    "it asked for a pause": Case(
        "引擎要求暂停",
        "Its engine has too much to do: try again after the seconds that Retry-After says.",
        "引擎过于繁忙，请在 Retry-After 给出的秒数后重试。",
    ),
    "it keeps failing": Case(
        "连续出错",
        "Its engine fails again and again and is left alone for a while: try again after the seconds that Retry-After "
        "says. The cause is usually in its log on the Deployments page.",
        "引擎连续出错，暂不再向其发送调用，请在 Retry-After 给出的秒数后重试。原因通常可在「部署」页的日志中找到。",
    ),
}
