"""Secrets: made with 256 random bits, kept only as HMAC-SHA-256 under a pepper that is not in the database."""

import asyncio
import contextlib
import hmac
import os
import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

KEY_PREFIX: Final = "sk-jixi-"
_PEPPER_BYTES: Final = 32


def load_or_create_pepper(path: Path) -> bytes:
    """The pepper of this data folder, made on first use and readable by its owner alone."""
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_PEPPER_BYTES))
            file.flush()
            os.fsync(file.fileno())
    return path.read_bytes()


def new_token() -> str:
    return secrets.token_urlsafe(32)


def new_api_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(32)


class Hasher:
    """Turns secrets into what may be stored."""

    def __init__(self, pepper: bytes) -> None:
        self._keyed = hmac.new(pepper, digestmod="sha256")
        self._quick = blake2b(key=secrets.token_bytes(_PEPPER_BYTES), digest_size=_PEPPER_BYTES)
        self._passwords = PasswordHasher()

    def digest(self, secret: str) -> str:
        """The name under which a random secret is stored."""
        keyed = self._keyed.copy()
        keyed.update(secret.encode())
        return keyed.hexdigest()

    def nickname(self, secret: str) -> bytes:
        """The name under which a secret is known in the memory of this process alone: it takes half the time."""
        quick = self._quick.copy()
        quick.update(secret.encode())
        return quick.digest()

    async def hash_password(self, password: str) -> str:
        """Argon2id; takes a tenth of a second of one core, hence in a thread."""
        return await asyncio.to_thread(self._passwords.hash, password)

    async def verify_password(self, stored: str | None, password: str) -> bool:
        """Whether they match. Works as long for somebody who does not exist: to verify is to hash once."""
        if stored is None:
            await self.hash_password(password)
            return False
        return await asyncio.to_thread(self._matches, stored, password)

    def outdated(self, stored: str) -> bool:
        """Whether a password should be hashed again, with today's parameters."""
        return self._passwords.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._passwords.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
