"""Files that come with a call, and the form (multipart/form-data) in which they go on to an engine."""

import secrets
import struct
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

_LEAST_BYTES_PER_SECOND: Final = 500
"""4 kbit/s: no codec that people use for speech needs less."""
_MOST_SECONDS: Final = 4 * 3600
_RIFF: Final = b"RIFF"
_WAVE: Final = b"WAVEfmt "
_WAVE_HEAD: Final = struct.Struct("<20xHHIIHH")
_PLAIN_SAMPLES: Final = (1, 3, 0xFFFE)
"""Whole numbers, floats, and the form that says more further on."""
_END: Final = b"\r\n"
_NAME: Final = b'name="'


class Upload(Struct, frozen=True):
    """A file that was sent."""

    name: str
    data: bytes


def most_seconds(sound: bytes) -> int:
    """The length that a file of sound has at most. What holds money and what does the work both go by this bound."""
    return min(-(-len(sound) // max(_wave_rate(sound), _LEAST_BYTES_PER_SECOND)), _MOST_SECONDS)


def _wave_rate(sound: bytes) -> int:
    """Bytes per second of a wave file, where everything that its head says of them agrees; else 0.

    A head that could name any rate would make a long file look short to whoever holds money for it.
    """
    if sound[:4] != _RIFF or sound[8:16] != _WAVE or len(sound) < _WAVE_HEAD.size:
        return 0
    form, channels, samples, rate, block, bits = _WAVE_HEAD.unpack_from(sound)
    agrees = form in _PLAIN_SAMPLES and 8 * block == channels * bits and rate == samples * block
    return rate if agrees else 0


def write_form(fields: Iterable[tuple[str, str]], file: Upload) -> tuple[str, bytes]:
    """The content type and the body of a form with these fields and `file`."""
    boundary = secrets.token_hex(16).encode()
    parts = [(b'name="%b"' % name.encode(), value.encode()) for name, value in fields]
    parts.append((b'name="file"; filename="%b"' % _plain(file.name), file.data))
    body = [
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (boundary, head, value)
        for head, value in parts
    ]
    return f"multipart/form-data; boundary={boundary.decode()}", b"".join([*body, b"--%b--\r\n" % boundary])


def rewrite_form(body: bytes, values: Mapping[str, str]) -> tuple[str, bytes]:
    """The content type and the body of a form of ours with other values of some of its fields."""
    boundary, parts, end = _split(body)
    parts = [_with_value(part, values) for part in parts]
    content_type = f"multipart/form-data; boundary={boundary.removeprefix(b'--').decode()}"
    return content_type, boundary + _END + (_END + boundary).join([*parts, end])


def read_form(body: bytes) -> list[tuple[str, bytes]]:
    """The parts of a form by name, in order; raises ValueError where it is none."""
    _, parts, _ = _split(body)
    return [_part(part) for part in parts]


def _split(body: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The line between parts, the parts, and what is behind the last of them."""
    boundary, found, _ = body.partition(_END)
    if not found or not boundary.startswith(b"--"):
        raise ValueError("this is not a form")
    *parts, end = body[len(boundary) + len(_END) :].split(_END + boundary)
    return boundary, parts, end


def _with_value(part: bytes, values: Mapping[str, str]) -> bytes:
    name, _ = _part(part)
    if name not in values:
        return part
    return part.partition(_END + _END)[0] + _END + _END + values[name].encode()


def _part(part: bytes) -> tuple[str, bytes]:
    head, found, value = part.removeprefix(_END).partition(_END + _END)
    _, named, rest = head.partition(_NAME)
    if not found or not named:
        raise ValueError("a part of the form has no name")
    return rest.partition(b'"')[0].decode(), value


def _plain(name: str) -> bytes:
    """A file's name as far as its ending may say what it holds."""
    return "".join(letter for letter in name if letter.isalnum() or letter in "._-")[-64:].encode() or b"file"
