"""Reads the settings from file, environment and flags, and remembers where each came from."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from jixi.assembly.settings._settings import DeploymentSetting, Settings
from jixi.core.errors import JixiError, problem

_FIRST_HANDED: Final = 3
_PREFIX: Final = "JIXI_"
_FILE_VARIABLE: Final = "JIXI_CONFIG"
# What the command line reads, where it is a client of some server.
_NOT_SETTINGS: Final = frozenset({_FILE_VARIABLE, "JIXI_URL", "JIXI_API_KEY", "JIXI_API_KEY_FILE"})


class Sourced(NamedTuple):
    """A setting as `jixi doctor --settings` prints it; secrets are masked."""

    name: str
    value: str
    source: str


class LoadedSettings(NamedTuple):
    settings: Settings
    sources: tuple[Sourced, ...]


def load_settings(config: Path | None = None, **overrides: Any) -> LoadedSettings:
    """Read the settings; `overrides` are flags, and None among them means that a flag was not given.

    The file is `config`, else $JIXI_CONFIG, else ./jixi.toml where there is one.
    Raises `settings_unreadable`, `settings_invalid` or `public_address_refused`.
    """
    path = config or _path_from_environment()
    from_file = _read(path) if path else {}
    from_flags = {name: value for name, value in overrides.items() if value is not None}
    origins = {name: str(path) for name in from_file}
    origins |= {name: f"{_PREFIX}{name.upper()}" for name in _from_environment()}
    origins |= {name: f"--{name.replace('_', '-')}" for name in from_flags}
    try:
        settings = Settings(**(from_file | _from_environment() | from_flags))
    except ValidationError as error:
        raise _explained(error, origins) from error
    check_address(settings)
    return LoadedSettings(settings, tuple(_describe(settings, origins)))


def handed_sockets() -> tuple[int, ...]:
    """The listening sockets that the service manager has opened for this process, as systemd hands them over."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return ()
    count = os.environ.get("LISTEN_FDS", "0")
    return tuple(range(_FIRST_HANDED, _FIRST_HANDED + int(count))) if count.isdecimal() else ()


def _path_from_environment() -> Path | None:
    named = os.environ.get(_FILE_VARIABLE)
    if named:
        return Path(named)
    return found if (found := Path("jixi.toml")).is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise problem("settings_unreadable", path=str(path), reason=reason) from error


def _from_environment() -> dict[str, Any]:
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(_PREFIX) and name not in known | _NOT_SETTINGS:
            raise problem(
                "settings_invalid", name=name, source="the environment", reason="there is no such setting"
            )
    try:
        return EnvSettingsSource(Settings)()
    except ValueError as error:
        raise problem(
            "settings_invalid", name=_PREFIX + "*", source="the environment", reason=str(error)
        ) from error


def _explained(error: ValidationError, origins: Mapping[str, str]) -> JixiError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    head = str(first["loc"][0]) if first["loc"] else "settings"
    unknown = first["type"] == "extra_forbidden"
    reason = "there is no such setting" if unknown else first["msg"].removeprefix("Value error, ")
    source = origins.get(head) or ", ".join(sorted(set(origins.values()))) or "the defaults"
    return problem("settings_invalid", name=place or head, source=source, reason=reason)


def check_address(settings: Settings) -> None:
    """Raise `public_address_refused` where keys would travel unencrypted."""
    if not (settings.is_loopback or settings.behind_proxy or settings.tls_certificate):
        raise problem("public_address_refused", host=settings.host)


def _describe(settings: Settings, origins: Mapping[str, str]) -> list[Sourced]:
    return [
        Sourced(name, _printable(getattr(settings, name)), origins.get(name, "default"))
        for name in Settings.model_fields
    ]


def _printable(value: object) -> str:
    match value:
        case SecretStr():
            return masked(value.get_secret_value())
        case DeploymentSetting():
            return value.name
        case tuple():
            return ", ".join(map(_printable, cast("tuple[object, ...]", value))) or "-"
        case None:
            return "-"
        case _:
            return str(value)


def masked(url: str) -> str:
    """A database address without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    account, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{account.partition(':')[0]}:***@{place}").geturl()
