"""Server-sent events from an engine, cut anywhere: whole payloads come out, whatever the blocks were."""

from typing import Final

_MOST_PENDING: Final = 4 * 1024 * 1024
_DATA: Final = b"data: "
_NEXT: Final = b"\n\ndata: "


class FrameTooLargeError(ValueError):
    """An engine sent more without ending a frame than any frame should hold."""


class FrameReader:
    """Feed it blocks of bytes; it gives the payload of each `data` event that is complete."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes) -> list[bytes]:
        """The payloads that `block` completes, in order. Comments, names and ids of events are dropped."""
        buffer = self._rest + block if self._rest else block
        if b"\r" in buffer:
            buffer = _with_plain_newlines(buffer)
        cut = buffer.rfind(b"\n\n")
        if cut < 0:
            if len(buffer) > _MOST_PENDING:
                raise FrameTooLargeError
            self._rest = buffer
            return []
        self._rest = buffer[cut + 2 :]
        whole = buffer[:cut]
        if whole.startswith(_DATA):
            payloads = whole[len(_DATA) :].split(_NEXT)
            if whole.count(b"\n") == 2 * (len(payloads) - 1):
                return payloads
        return [payload for frame in whole.split(b"\n\n") if (payload := _payload(frame)) is not None]


def write_frames(payloads: list[bytes]) -> bytes:
    """Payloads of one line each as events."""
    return b"data: " + _NEXT.join(payloads) + b"\n\n"


def _payload(frame: bytes) -> bytes | None:
    """The data lines of a frame, joined; None where it has none."""
    lines = [line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")]
    return b" ".join(lines) if lines else None


def _with_plain_newlines(buffer: bytes) -> bytes:
    """Every kind of line end as a newline; a CR at the very end waits, for its LF may be in the next block."""
    waits = buffer.endswith(b"\r")
    plain = buffer[: len(buffer) - waits].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return plain + b"\r" if waits else plain
