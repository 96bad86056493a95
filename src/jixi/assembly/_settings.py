"""Every setting, once: where it may come from, what it means, what it may be.

`jixi.toml` is overridden by `JIXI_*` variables, these by flags; unknown keys are errors.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$"
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class DeploymentSetting(BaseModel):
    """A `[[deployments]]` table: a model to serve under a name."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(pattern=_NAME)
    """The name that callers use as `model`."""
    engine: str = "llamacpp"
    """The engine that runs it: llamacpp, embedding, stub, or one that a package brings."""
    model: str | None = None
    """The catalogue's id of the model; it is downloaded where it is not here yet."""
    path: Path | None = None
    """A file of your own instead, such as a GGUF."""
    description: str = Field(default="", max_length=500)
    """A line for the console."""
    context: int = Field(default=4096, ge=256, le=1_048_576)
    """Tokens for one call, prompt and answer together."""
    parallel: int = Field(default=2, ge=1, le=256)
    """Calls at once."""
    threads: int | None = Field(default=None, ge=1, le=1024)
    """Threads of the engine; by default as many as there are cores."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the engine takes besides; each engine documents its own."""

    @model_validator(mode="after")
    def _one_origin(self) -> "DeploymentSetting":
        if self.model is not None and self.path is not None:
            raise ValueError("give 'model' or 'path', not both")
        return self


class Settings(BaseSettings):
    """The settings of a server. Build them with `load_settings`, which knows the file and tells where each is from."""

    model_config = SettingsConfigDict(
        env_prefix="JIXI_",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(default_factory=lambda: user_data_path("jixi"))
    """The folder of everything that lasts: database, models, keys. Never inside the program's own folder."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=8210, ge=0, le=65535)
    """The port to listen on; 0 takes a free one."""
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/?#]+$")
    """The address that people and programs use, where it differs, such as https://models.example.com."""
    behind_proxy: bool = False
    """A TLS proxy stands in front, and nobody reaches this port past it. Needed for any address but loopback."""
    tls_certificate: Path | None = None
    """A certificate file (PEM), to serve https without a proxy."""
    tls_key: Path | None = None
    """The key file (PEM) of the certificate."""
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names that the server answers to besides loopback and `public_url`; commas between them in a variable."""
    database_url: SecretStr | None = None
    """postgresql://user:password@host/name; by default SQLite in the data folder."""
    database_url_file: Path | None = None
    """A file that holds `database_url`, so that the password is in no settings and no variable."""
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    """The currency of prices and budgets, fixed once the platform has been set up."""
    starter: str = Field(default="qwen2.5-coder", pattern=_NAME)
    """The chat model to begin with: qwen2.5-coder (fetched once), smollm2 (offline, weak, English only) or none."""
    deployments: tuple[DeploymentSetting, ...] = ()
    """What else is served, one `[[deployments]]` table each."""
    offline: bool = False
    """Reach no model source; serve what is here."""
    mirrors: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Addresses to use in place of a hub's own, such as huggingface = "https://mirror.example.com"."""
    allowed_hosts_outside: tuple[str, ...] = ()
    """Hosts inside your network that models may be fetched from; all others must have public addresses."""
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=1024**3)
    """The largest request body that is read."""
    console: bool = True
    """Serve the console beside the API."""
    ledger_writer: Literal["process", "thread"] = "process"
    """Where charges are committed: a process of its own doubles the calls per second, a thread saves its memory."""
    log_format: Literal["auto", "text", "json"] = "auto"
    """How logs are written; auto is text on a terminal and JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged; prompts, keys and passwords never are."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed over: `load_settings` reads the file and the environment and knows their order."""
        return (init_settings,)

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("mirrors", mode="after")
    @classmethod
    def _known_hubs(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if unknown := set(value) - {"huggingface", "modelscope"}:
            raise ValueError(f"{sorted(unknown)} is no hub: name 'huggingface' or 'modelscope'")
        return value

    @field_validator("data_dir", mode="after")
    @classmethod
    def _whole_path(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _pairs(self) -> "Settings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("'tls_certificate' and 'tls_key' belong together")
        if self.database_url is not None and self.database_url_file is not None:
            raise ValueError("give 'database_url' or 'database_url_file', not both")
        names = [deployment.name for deployment in self.deployments]
        if len(set(names)) != len(names):
            raise ValueError("two deployments have the same name")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this machine's alone."""
        if self.host in _LOOPBACK_NAMES:
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_https(self) -> bool:
        """Whether callers reach the server by https, so that cookies may be marked for it."""
        return self.base_url.startswith("https://")

    @property
    def base_url(self) -> str:
        """The address that people use, without a slash at its end."""
        if self.public_url:
            return self.public_url
        scheme = "https" if self.tls_certificate else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The host names, without port, that a request may be for."""
        public = () if self.public_url is None else (self.public_url.partition("://")[2],)
        names = (*_LOOPBACK_NAMES, self.host, *self.trusted_hosts, *public)
        return frozenset(host_name(name) for name in names)


def host_name(host: str) -> str:
    """The name in a Host header, in lower case and without port or brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.lower() if host.count(":") > 1 else host.partition(":")[0].lower()
