"""The written pages as the house tests see them: prose, headings, code blocks, commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.house.tree import ROOT, committed

_FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced code block. `mark` is the HTML comment on the line before it, without its brackets."""

    language: str
    text: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A Markdown file; `name` is its path in the repository."""

    name: str
    text: str

    @property
    def is_chinese(self) -> bool:
        return self.name.endswith((".zh.md", ".zh-CN.md"))

    @property
    def twin(self) -> str:
        """The path of the Chinese side of an English page."""
        return "README.zh-CN.md" if self.name == "README.md" else self.name.removesuffix(".md") + ".zh.md"

    def blocks(self) -> list[Block]:
        return [
            Block(
                language=hit[3].strip(),
                text=_unindent(hit[4], len(hit[1])),
                mark=_mark_before(self.text[: hit.start()]),
            )
            for hit in _FENCE.finditer(self.text)
        ]

    def prose(self) -> str:
        """The text without code, links' addresses, HTML and comments."""
        bare = _FENCE.sub("", self.text)
        for pattern in (r"<!--.*?-->", r"`[^`\n]*`", r"\]\([^)]*\)", r"<[^>]+>", r"https?://\S+"):
            bare = re.sub(pattern, "", bare, flags=re.DOTALL)
        return bare

    def headings(self) -> list[int]:
        """The level of each heading, in order."""
        return [len(hit[1]) for hit in re.finditer(r"^(#+) ", _FENCE.sub("", self.text), re.MULTILINE)]

    def commands(self) -> Iterator[list[str]]:
        """The `make` and `jixi` commands of its shell blocks and of its inline code, as words."""
        shells = [block.text for block in self.blocks() if block.language in ("sh", "shell", "bash")]
        lines = [line for text in shells for line in text.replace("\\\n", " ").splitlines()]
        lines += re.findall(r"`((?:make|jixi) [^`\n]+)`", _FENCE.sub("", self.text))
        for line in lines:
            for part in re.split(r"&&|\|\||[|;]", line):
                if re.match(r"\s*(?:[A-Z_]+=\S+ +)*(?:make|jixi)\s", part):
                    words = shlex.split(part, comments=True)
                    yield words[next(at for at, word in enumerate(words) if word in ("make", "jixi")) :]


def _unindent(text: str, spaces: int) -> str:
    return "".join(
        line[spaces:] if line[:spaces].isspace() else line for line in text.splitlines(keepends=True)
    )


def _mark_before(text: str) -> str:
    hit = re.search(r"<!-- *([^\n]*?) *-->\s*\Z", text)
    return hit[1] if hit else ""


@cache
def pages() -> tuple[Page, ...]:
    """Every Markdown page that people read."""
    names = [name for name in committed() if re.fullmatch(r"docs/.*\.md|[A-Z]+(\.zh-CN)?\.md", name)]
    return tuple(Page(name=name, text=(ROOT / name).read_text("utf-8")) for name in names)


def page(name: str) -> Page:
    return next(item for item in pages() if item.name == name)
