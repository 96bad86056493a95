"""Why a deployment is in its state, in the reader's language. The fleet knows codes and facts alone."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from jixi.core.errors import PROBLEMS, Language, problem
from jixi.models.deployments import Reason


class _Words(NamedTuple):
    en: str
    zh: str
    remedy_en: str | None = None
    remedy_zh: str | None = None


_LOG: Final = ("The cause is usually in the engine's log.", "原因通常可在引擎日志中找到。")
_WORDS: Final[Mapping[str, _Words]] = {
    "exited": _Words("The engine ended with status {status}.", "引擎已退出，状态码 {status}。", *_LOG),
    "start_timeout": _Words(
        "The engine did not get ready within {seconds:g} s.", "引擎在 {seconds:g} 秒内未能就绪。", *_LOG
    ),
    "stalled": _Words(
        "{in_flight} calls made no progress for {seconds:g} s.",
        "{in_flight} 个请求在 {seconds:g} 秒内没有进展。",
    ),
    "canary_failed": _Words(
        "The engine did not answer a test call: {cause}.", "引擎未能响应测试请求：{cause}。"
    ),
    "cannot_start": _Words("The engine cannot be started: {cause}.", "引擎无法启动：{cause}。", *_LOG),
    "crash_loop": _Words(
        "The engine failed {crashes} times in a row.",
        "引擎连续失败 {crashes} 次。",
        "Read its log, mend the cause, then restart it.",
        "请查看日志并排除原因，然后重启。",
    ),
    "downloading": _Words(
        "Its file is being fetched: {done:,} of {total:,} bytes.",
        "正在下载模型文件：{done:,} / {total:,} 字节。",
    ),
    "fetch_failed": _Words(
        "Its file could not be fetched: {cause}",
        "模型文件下载失败：{cause}",
        "Mend the cause, then restart the deployment; the download goes on where it stopped.",
        "请排除原因后重启该部署；下载会从中断处继续。",
    ),
    "download_cancelled": _Words(
        "The download of its files was cancelled (job {job}).",
        "模型文件的下载已被取消（任务 {job}）。",
        "Start the deployment to go on with it.",
        "启动该部署即可继续下载。",
    ),
    "engine_installing": _Words(
        "The engine {engine} is being installed (job {job}).",
        "正在安装引擎 {engine}（任务 {job}）。",
        "It starts by itself once that is done.",
        "安装完成后会自动启动。",
    ),
    "engine_not_installed": _Words(
        "The engine {engine} is not installed on this machine (missing: {missing}).",
        "本机尚未安装引擎 {engine}（缺少：{missing}）。",
        "An administrator runs 'jixi engines install' with its name; it starts by itself then.",
        "请管理员运行 'jixi engines install' 加引擎名；安装后会自动启动。",
    ),
    "restart_asked": _Words("It was asked to restart.", "已按要求重启。"),
    "halted": _Words(
        "It was stopped by hand.",
        "已被手动停止。",
        "Start it again to serve calls.",
        "需要服务时请重新启动。",
    ),
    "idle": _Words(
        "Nobody called it for a while; the next call starts it.", "长时间无调用；下一次调用会将其启动。"
    ),
    "no_room": _Words(
        "It needs {needed:,} bytes of memory; {free:,} are free.",
        "需要 {needed:,} 字节内存，当前可用 {free:,} 字节。",
        "It starts by itself once others end; or stop another deployment.",
        "其他部署结束后会自动启动；也可以停止另一个部署。",
    ),
    "replicas_not_ready": _Words(
        "{ready} of {wanted} replicas are ready.", "{wanted} 个副本中有 {ready} 个就绪。"
    ),
}


def words_of(reason: Reason, language: Language) -> tuple[str, str | None]:
    """The sentence for `reason` and what to do, if anything; a code that is not known here speaks for itself."""
    words = _WORDS.get(reason.code)
    if words is None and reason.code in PROBLEMS:
        error = problem(reason.code, **reason.facts)
        return error.message(language), error.remedy(language)
    if words is None:
        facts = ", ".join(f"{name}: {value}" for name, value in reason.facts.items())
        return (f"{reason.code} ({facts})" if facts else reason.code), None
    text, remedy = (words.zh, words.remedy_zh) if language == "zh" else (words.en, words.remedy_en)
    told = text.format_map(_Known(reason.facts))
    if (last := reason.facts.get("last")) is not None:
        # What it ended in comes from the last of what befell it.
        told += ("" if language == "zh" else " ") + words_of(_last_of(reason, str(last)), language)[0]
    return told, remedy


def _last_of(reason: Reason, last: str) -> Reason:
    return Reason(last, {name: value for name, value in reason.facts.items() if name != "last"})


class _Known(dict[str, object]):
    """Facts, with a dash for one that an engine did not give."""

    def __missing__(self, key: str) -> str:
        return "–"
