"""/docs: the reference of the admin API as one plain page, made from its OpenAPI document; it loads nothing."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

_HEAD: Final = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Jixi API</title><style>
body { font: 15px/1.6 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem; color: #1c1d1a;
  background: #fbfaf7 } code { font-size: .92em } dt { margin-top: .8rem } dd { margin: 0 } h2 { margin-top: 2.5rem }
@media (prefers-color-scheme: dark) { body { color: #eceae3; background: #12130f } a { color: #e0a94a } }
</style>
"""


def reference_page(document: dict[str, Any]) -> str:
    """The page for `document`."""
    return f"{_HEAD}{''.join(_sections(document))}</html>"


def _sections(document: dict[str, Any]) -> Iterator[str]:
    yield "<h1>Jixi API</h1>"
    yield "<p>The model API speaks OpenAI's form under <code>/v1</code>: any OpenAI SDK works with an API key and "
    yield "this server's address followed by <code>/v1</code>. For programs this page is at "
    yield '<a href="/api/openapi.json">/api/openapi.json</a>.</p>'
    for line in document["info"]["description"].split("\n\n"):
        yield f"<p>{escape(line)}</p>"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'].capitalize())}</h2><p>{escape(tag['description'])}</p><dl>"
        yield from _operations(document, tag["name"])
        yield "</dl>"


def _operations(document: dict[str, Any], tag: str) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag in operation["tags"]:
                yield f"<dt><code>{method.upper()} {escape(path)}</code></dt><dd>{escape(operation['summary'])}. "
                yield f"{escape(operation.get('description', ''))}</dd>"
