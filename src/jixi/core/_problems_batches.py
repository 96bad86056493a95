"""Problems of the lines that a batch is made of."""

from jixi.core._problem import Problem


def _line(code: str, en: str, zh: str, remedy_en: str, remedy_zh: str) -> Problem:
    return Problem(code=code, status=400, en=en, zh=zh, remedy_en=remedy_en, remedy_zh=remedy_zh)


BATCHES: tuple[Problem, ...] = (
    _line(
        "batch_empty",
        "The file has no lines.",
        "文件中没有任何请求行。",
        "Write one request a line.",
        "请每行写一个请求。",
    ),
    _line(
        "batch_too_long",
        "A batch has {most} lines at most.",
        "一个批处理最多 {most} 行。",
        "Split the file into several batches.",
        "请把文件拆成多个批处理。",
    ),
    _line(
        "batch_line_too_long",
        "The line is longer than {most} bytes.",
        "该行超过 {most} 字节。",
        "Make the request shorter, or send it by itself.",
        "请缩短该请求，或单独发送。",
    ),
    _line(
        "batch_line_malformed",
        "The line is not valid JSON at its byte {byte}.",
        "该行不是有效的 JSON：第 {byte} 字节处有误。",
        "Write each request as a JSON object on one line.",
        "请把每个请求写成单行的 JSON 对象。",
    ),
    _line(
        "batch_field_missing",
        "The field {field} is missing.",
        "缺少字段 {field}。",
        "A line has custom_id, method, url and body, and the body names a model.",
        "每行需要 custom_id、method、url 与 body，且 body 中需写明 model。",
    ),
    _line(
        "batch_field_mistyped",
        "The field {field} is of the type {got}, not {expected}.",
        "字段 {field} 的类型是 {got}，应为 {expected}。",
        "Correct the field.",
        "请更正该字段。",
    ),
    _line(
        "batch_id_length",
        "A custom_id has 1 to {most} characters.",
        "字段 custom_id 的长度应为 1 至 {most} 个字符。",
        "Give the line another custom_id.",
        "请为该行换一个 custom_id。",
    ),
    _line(
        "batch_id_repeated",
        "The custom_id is that of line {first} as well.",
        "字段 custom_id 与第 {first} 行重复。",
        "Give each line a custom_id of its own: answers are told apart by it.",
        "请为每一行使用不同的 custom_id：应答靠它区分。",
    ),
    _line(
        "batch_method",
        "The method is not POST.",
        "请求的 method 不是 POST。",
        "Write 'POST'.",
        "请写 'POST'。",
    ),
    _line(
        "batch_url",
        "The url is not the endpoint of the batch, {endpoint}.",
        "请求的 url 与该批处理的接口 {endpoint} 不一致。",
        "Correct the url, or make a batch for each endpoint.",
        "请更正 url，或为每个接口各建一个批处理。",
    ),
    _line(
        "batch_stream",
        "A batch answers nothing as a stream.",
        "批处理不提供流式应答。",
        "Leave 'stream' out.",
        "请去掉 'stream'。",
    ),
)
