"""`Vault`: secrets that must be read again, sealed so that a copy of the database gives none of them away.

Each secret is encrypted under a data key of its own (AES-256-GCM), and that one under a key-encryption key from a file
that lies outside the database. Both are bound to the place where the secret lies: moved to another, it does not open.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jixi.core.errors import JixiError, problem

_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_WRAPPED_BYTES: Final = _KEY_BYTES + 16
_HEAD_BYTES: Final = _ID_BYTES + _NONCE_BYTES + _WRAPPED_BYTES
_FORM: Final = "v1."
_NOTE: Final = (
    "# Jixi's key-encryption keys; the last is in use. Whoever loses this file loses the secrets it seals.\n"
)


class _Sealed(NamedTuple):
    key_id: bytes
    wrap_nonce: bytes
    wrapped: bytes
    nonce: bytes
    text: bytes


class Vault:
    """Seals and opens under the keys of `path`, which is made on first use and is readable by its owner alone.

    Processes and hosts that share a database share the file; a key that another of them has added is found by itself.
    A `place` names where a secret lies: tenant, record, field. Raises `vault_key_unusable`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _make(path)
        self._seen = _mark(path)
        self._keys = _read(path)

    def seal(self, secret: bytes, *place: str) -> str:
        """Text that only this vault opens, and only for the same place; never twice the same.

        It is sealed under the newest key of the file, so that a rotation leaves nothing behind that it did not see.
        """
        self._look_again()
        key_id = self._current()
        data_key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
        text = AESGCM(data_key).encrypt(nonce, secret, _bound(place))
        return self._wrapped(key_id, data_key, nonce, text, place)

    def open(self, sealed: str, *place: str) -> bytes:
        """Raises `secret_unreadable`: changed, from another place, or under a key that the file no longer has."""
        parts = _parse(sealed)
        try:
            return AESGCM(self._data_key(parts, place)).decrypt(parts.nonce, parts.text, _bound(place))
        except InvalidTag as error:
            raise _unreadable("it was changed, or belongs elsewhere") from error

    def is_current(self, sealed: str) -> bool:
        """Whether it is sealed under the newest key."""
        return _parse(sealed).key_id == self._current()

    def renewed(self, sealed: str, *place: str) -> str | None:
        """As `rewrap`, but None for what is sealed under the newest key already."""
        return None if self.is_current(sealed) else self.rewrap(sealed, *place)

    def rewrap(self, sealed: str, *place: str) -> str:
        """The same secret under the newest key; the secret itself is not opened. Raises `secret_unreadable`."""
        parts = _parse(sealed)
        data_key = self._data_key(parts, place)
        return self._wrapped(self._current(), data_key, parts.nonce, parts.text, place)

    def add_key(self) -> str:
        """Add a key to the file and use it from now on; the older ones stay for what they sealed. Returns its id."""
        keys = _read(self._path)
        key = secrets.token_bytes(_KEY_BYTES)
        _write(self._path, [*keys.values(), key])
        self._keys = {**keys, _id_of(key): key}
        return _id_of(key).hex()

    def drop_old_keys(self) -> int:
        """Leave the newest key alone in the file; returns how many went. What they sealed must be rewrapped by now."""
        keys = _read(self._path)
        newest = list(keys)[-1]
        _write(self._path, [keys[newest]])
        self._keys = {newest: keys[newest]}
        return len(keys) - 1

    def _look_again(self) -> None:
        """Read the file where it is another one by now."""
        if (seen := _mark(self._path)) != self._seen:
            self._seen, self._keys = seen, _read(self._path)

    def _current(self) -> bytes:
        return list(self._keys)[-1]

    def _wrapped(
        self, key_id: bytes, data_key: bytes, nonce: bytes, text: bytes, place: tuple[str, ...]
    ) -> str:
        wrap_nonce = secrets.token_bytes(_NONCE_BYTES)
        wrapped = AESGCM(self._keys[key_id]).encrypt(wrap_nonce, data_key, key_id + _bound(place))
        return _FORM + base64.b64encode(key_id + wrap_nonce + wrapped + nonce + text).decode()

    def _data_key(self, parts: _Sealed, place: tuple[str, ...]) -> bytes:
        if parts.key_id not in self._keys:
            self._keys = _read(self._path)
        key = self._keys.get(parts.key_id)
        if key is None:
            raise _unreadable(f"the key {parts.key_id.hex()} that sealed it is not in {self._path}")
        try:
            return AESGCM(key).decrypt(parts.wrap_nonce, parts.wrapped, parts.key_id + _bound(place))
        except InvalidTag as error:
            raise _unreadable("it was changed, or belongs elsewhere") from error


def _parse(sealed: str) -> _Sealed:
    form, _, body = sealed.partition(".")
    try:
        raw = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if f"{form}." != _FORM or len(raw) < _HEAD_BYTES + _NONCE_BYTES + 16:
        raise _unreadable("it is not in a form that this version knows")
    at_nonce, at_wrapped = _ID_BYTES, _ID_BYTES + _NONCE_BYTES
    return _Sealed(
        raw[:at_nonce],
        raw[at_nonce:at_wrapped],
        raw[at_wrapped:_HEAD_BYTES],
        raw[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES],
        raw[_HEAD_BYTES + _NONCE_BYTES :],
    )


def _bound(place: tuple[str, ...]) -> bytes:
    """The place as bytes, each part behind its length, so that no two places look alike."""
    parts = [part.encode() for part in place]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"jixi vault key " + key).digest()[:_ID_BYTES]


def _mark(path: Path) -> tuple[int, int]:
    """Tells one state of the file from another: it is replaced, never edited."""
    try:
        found = path.stat()
    except OSError as error:
        raise _unusable(path, "it cannot be read") from error
    return found.st_ino, found.st_mtime_ns


def _make(path: Path) -> None:
    """Make the file with a first key. Of several processes that start together one wins, and none sees half a file."""
    if path.exists():
        return
    with contextlib.suppress(FileExistsError):
        _write(path, [secrets.token_bytes(_KEY_BYTES)], new=True)


def _read(path: Path) -> dict[bytes, bytes]:
    """The keys by their ids, in the order of the file."""
    try:
        text = path.read_text(encoding="ascii")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "it cannot be read") from error
    if mode & stat.S_IRWXO:
        raise _unusable(path, "everybody on this machine can read it; take that right away with 'chmod o='")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except (binascii.Error, ValueError) as error:
        raise _unusable(path, "a line of it is no key") from error
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise _unusable(path, "it holds no key of 32 bytes")
    return {_id_of(key): key for key in keys}


def _write(path: Path, keys: list[bytes], *, new: bool = False) -> None:
    """Put the file in its place whole and durable; `new` never replaces one. Raises FileExistsError then."""
    text = _NOTE + "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if new:
                path.hardlink_to(name)
            else:
                Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error


def _unreadable(reason: str) -> JixiError:
    return problem("secret_unreadable", reason=reason)


def _unusable(path: Path, reason: str) -> JixiError:
    return problem("vault_key_unusable", path=str(path), reason=reason)
