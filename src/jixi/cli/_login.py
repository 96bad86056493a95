"""Which server the command line speaks to, and with which key: variables, else what `jixi login` has kept."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import typer
from platformdirs import user_config_path

from jixi.cli._say import Terminal
from jixi.client import Client
from jixi.core.errors import problem

DEFAULT_URL = "http://127.0.0.1:8210"


class Login(NamedTuple):
    url: str
    key: str


def path_of_login() -> Path:
    return user_config_path("jixi") / "login.json"


def url_of_server() -> str:
    return os.environ.get("JIXI_URL") or (kept.url if (kept := _kept()) is not None else DEFAULT_URL)


def keep(login: Login) -> Path:
    """Keep a login for later commands, readable by its owner alone."""
    path = path_of_login()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(login._asdict(), file)
    path.chmod(0o600)
    return path


def signed_in() -> bool:
    """Whether this command line has a key of some server."""
    return any(os.environ.get(name) for name in ("JIXI_API_KEY", "JIXI_API_KEY_FILE")) or _kept() is not None


def connect(terminal: Terminal) -> Client:
    """A client of the server; raises `not_logged_in` where there is no key."""
    key = os.environ.get("JIXI_API_KEY") or _from_file()
    if key is None and (kept := _kept()) is not None:
        key = kept.key
    if key is None:
        raise problem("not_logged_in")
    return Client(url_of_server(), key, language=terminal.language)


def _from_file() -> str | None:
    path = os.environ.get("JIXI_API_KEY_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error), param_hint="JIXI_API_KEY_FILE") from error


def _kept() -> Login | None:
    try:
        return Login(**json.loads(path_of_login().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
