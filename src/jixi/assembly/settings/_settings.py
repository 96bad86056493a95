"""Every setting, once: where it may come from, what it means, what it may be.

`jixi.toml` is overridden by `JIXI_*` variables, these by flags; unknown keys are errors.
"""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$"
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


class ScaleSetting(BaseModel):
    """How many replicas a deployment has, where that is not fixed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    least: int = Field(default=1, ge=0, le=64)
    """Replicas whatever the load. 0: the first call starts the first, and the last ends when idle."""
    most: int = Field(default=1, ge=1, le=64)
    """Replicas at most."""
    idle_s: float | None = Field(default=None, gt=0)
    """After so many seconds without a call all of them end, until a call comes; 600 where `least` is 0."""
    queue: float = Field(default=2, gt=0)
    """Calls that wait, for each replica, from which on there is one more."""
    tokens_per_second: float | None = Field(default=None, gt=0)
    """Tokens a second of each replica from which on there is one more."""
    up_s: float = Field(default=10, ge=0)
    """How long the load must ask for one more."""
    down_s: float = Field(default=300, ge=0)
    """How long the load must fit on one less."""

    @model_validator(mode="after")
    def _in_order(self) -> "ScaleSetting":
        if self.most < self.least:
            raise ValueError("'most' must not be less than 'least'")
        return self


class DeploymentSetting(BaseModel):
    """A `[[deployments]]` table: a model to serve under a name."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(pattern=_NAME)
    """The name that callers use as `model`."""
    engine: str | None = None
    """The engine that runs it: `jixi engines list` names them. By default the first that runs the model here, and
    llamacpp for files of your own."""
    model: str | None = None
    """The catalogue's id of the model; it is downloaded where it is not here yet."""
    variant: str | None = None
    """Which of its variants (formats and quantisations): `jixi models show` names them. By default the first that the
    engine runs."""
    accept_license: str | None = None
    """The id of a licence for research alone, to say that your use is covered by it; without it such a model is
    refused."""
    path: Path | None = None
    """A file or a folder of your own instead, such as a GGUF."""
    files: Mapping[str, Path] = Field(default_factory=dict[str, Path])
    """Several files of your own by their roles, for engines that need more than one."""
    adapters: Mapping[Annotated[str, Field(pattern=_NAME)], Path] = Field(default_factory=dict[str, Path])
    """LoRA adapters of your own that the same engine serves: the name that callers use for each, and its GGUF file or
    its folder of PEFT's form."""
    description: str = Field(default="", max_length=500)
    """A line for the console."""
    context: int | None = Field(default=None, ge=256, le=1_048_576)
    """Tokens for one call, prompt and answer together; by default 4096, or what the model has where that is less."""
    parallel: int = Field(default=2, ge=1, le=65536)
    """Calls at once."""
    threads: int | None = Field(default=None, ge=1, le=1024)
    """Threads of the engine; by default as many as there are cores."""
    replicas: int = Field(default=1, ge=1, le=64)
    """Engines that run it side by side; `scale` lets the load decide instead."""
    scale: ScaleSetting | None = None
    """Replicas by load: `least`, `most`, `idle_s`, `queue`, `tokens_per_second`, `up_s` and `down_s`."""
    memory_bytes: int | None = Field(default=None, gt=0)
    """Memory that one replica needs, where you know it better."""
    cpus: float | None = Field(default=None, gt=0, le=4096)
    """CPUs that a Ray cluster sets aside for each replica; by default its threads, or one."""
    gpus: float | None = Field(default=None, ge=0, le=64)
    """Accelerators that a Ray cluster sets aside for each replica, on one node: less than one for a share, else whole
    ones; by default as many as the engine needs."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the engine takes besides; each engine documents its own."""

    @field_validator("gpus")
    @classmethod
    def _whole(cls, gpus: float | None) -> float | None:
        if gpus is not None and gpus > 1 and not gpus.is_integer():
            raise ValueError("more than one accelerator can only be whole ones")
        return gpus

    @model_validator(mode="after")
    def _one_count(self) -> "DeploymentSetting":
        if self.scale is not None and self.replicas != 1:
            raise ValueError("give one of 'replicas' and 'scale'")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> "DeploymentSetting":
        if (self.model is not None) + (self.path is not None) + bool(self.files) > 1:
            raise ValueError("give one of 'model', 'path' and 'files'")
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
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses and networks of that proxy: from others, what `X-Forwarded-For` says of a caller is not believed.
    Empty: it is believed from everyone. Commas between them in a variable."""
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
    vault_key_file: Path | None = None
    """The file of the keys that seal providers' credentials, kept prompts, kept Responses and the first answers of
    calls with an Idempotency-Key; by default `vault.key` in the data folder. It is made on first use; servers that
    share a database share it."""
    responses_kept_days: int = Field(default=30, ge=0, le=3650)
    """How long /v1/responses keeps what it may store, counted from its last use; 0 keeps nothing."""
    max_responses: int = Field(default=100_000, ge=1)
    """How many Responses are kept for one organisation."""
    max_responses_bytes: int = Field(default=1024**3, ge=1024)
    """How much the Responses that are kept for one organisation may be together."""
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")
    """The currency of prices and limits, fixed once the platform has been set up."""
    starter: str = Field(default="qwen2.5-coder", pattern=_NAME)
    """The chat model to begin with: qwen2.5-coder (fetched once), smollm2 (offline, weak, English only) or none."""
    deployments: tuple[DeploymentSetting, ...] = ()
    """What else is served, one `[[deployments]]` table each."""
    memory_reserve: int = Field(default=256 * 1024 * 1024, ge=0)
    """Bytes of main memory that no model gets: a deployment that would need them waits until there is room."""
    node_history_days: int = Field(default=14, ge=0, le=3650)
    """Days that what the nodes did is kept: utilisation, memory, power, which deployments held what; 0 keeps none."""
    driver: Literal["process", "ray"] = "process"
    """Where engines run: on this machine, or on the nodes of a Ray cluster, which all mount the data folder."""
    ray_address: str = Field(default="auto", pattern=r"^(auto|[^\s:/]+:[0-9]{1,5})$")
    """The head of the Ray cluster, such as 10.0.0.5:6379; auto asks the Ray that runs on this machine."""
    offline: bool = False
    """Reach no model source; serve what is here."""
    mirrors: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Addresses to use in place of a hub's own, such as huggingface = "https://mirror.example.com"."""
    hub_tokens: Mapping[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """Tokens for repositories that are not everybody's, such as huggingface = "hf_…"; each goes to the hub's address
    (or the mirror's that stands for it) and follows no redirect to another."""
    s3_access_key: str | None = None
    """The access key for models in S3 buckets; without it they are read as anybody may."""
    s3_secret_key: SecretStr | None = None
    """The secret that belongs to `s3_access_key`."""
    s3_region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,40}$")
    """The region of these buckets."""
    download_connections: int = Field(default=4, ge=1, le=64)
    """Connections to model sources that are open at once, of all downloads together."""
    downloads_at_once: int = Field(default=2, ge=1, le=16)
    """Models that are downloaded or verified at once; beside them as many imports of one tenant, and one more."""
    retries: int = Field(default=2, ge=0, le=3)
    """How often a call is tried again that failed before its first content; an alias has a number of its own."""
    breaker_failures: int = Field(default=5, ge=0, le=1000)
    """After so many failures in a row a replica is left alone but for a probe a second; 0 never does that."""
    wake_s: float = Field(default=120, gt=0, le=3600)
    """How long a call waits for a model that ended because nobody called it, and starts again."""
    allowed_hosts_outside: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts inside your network that models may be fetched from and that providers may have; all others must have
    public addresses. Commas between them in a variable."""
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=1024**3)
    """The largest request body that is read."""
    processes: int = Field(default=1, ge=1, le=64)
    """Processes that answer calls of models, each with a core of its own; from 2 on they stand before the house."""
    pepper_file: Path | None = None
    """The secret under which API keys and sessions are stored, where several servers share one database."""
    drain_s: float = Field(default=30, ge=0, le=3600)
    """How many seconds calls may go on once the server was told to end; the rest is cut with an error."""
    replica_drain_s: float = Field(default=300, ge=0, le=86_400)
    """How many seconds the calls of a replica may go on that is replaced, stopped or one too many; the rest is cut."""
    provider_drain_s: float = Field(default=30, gt=0, le=3600)
    """How many seconds a provider with `on_disconnect` = drain may go on with an answer whose caller has left."""
    provider_drains: int = Field(default=64, ge=0, le=10_000)
    """How many such answers a process reads to their end at once; more of them are stopped as others are."""
    blobs_url: str | None = Field(default=None, pattern=r"^[a-z0-9+]+://[^\s]+$")
    """Where files lie, such as s3://bucket/prefix (needs the extra `s3`); by default a folder in the data folder."""
    max_file_bytes: int = Field(default=100 * 1024 * 1024, ge=1024, le=1024**3)
    """The largest file that /v1/files takes."""
    max_audio_bytes: int = Field(default=25 * 1024 * 1024, ge=1024, le=60 * 1024 * 1024)
    """The largest file of sound that /v1/audio/transcriptions takes."""
    max_files_bytes: int = Field(default=10 * 1024**3, ge=1024)
    """How much the files of one organisation may be together."""
    batch_parallel: int = Field(default=16, ge=1, le=1024)
    """Calls that batches make of one model at once, at most; they leave a place to others in any case."""
    job_lease_s: float = Field(default=10, ge=0.5, le=600)
    """After so many seconds without a sign of life a job is taken over by another process."""
    console: bool = True
    """Serve the console beside the API."""
    ledger_writer: Literal["process", "thread"] = "process"
    """Where charges are committed: a process of its own doubles the calls per second, a thread saves its memory."""
    traces_kept: int = Field(default=100_000, ge=0, le=10_000_000)
    """Traces of calls that are kept for each tenant; 0 keeps none."""
    trace_days: int = Field(default=30, ge=1, le=3650)
    """Days that a trace is kept at most."""
    traces_per_second: int = Field(default=100, ge=1, le=100_000)
    """Traces of good calls that a process keeps each second, and as many of the others; metrics count every call."""
    log_content: Literal["off", "redacted", "full"] = "off"
    """What traces keep of prompts and answers: nothing, the text without secrets and personal data, or all of it."""
    content_days: int = Field(default=7, ge=1, le=3650)
    """Days that prompts and answers are kept at most."""
    log_calls: bool = False
    """Log a line for each call, without a word of what was said."""
    otlp_endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")
    """The address of an OpenTelemetry collector (OTLP over HTTP) that gets the spans of each call; by default none."""
    otlp_headers: Mapping[str, SecretStr] = Field(default_factory=dict[str, SecretStr])
    """Headers that the collector asks for, such as authorization = "Bearer …"."""
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

    @field_validator("trusted_hosts", "trusted_proxies", "allowed_hosts_outside", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies", mode="after")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each)
        return value

    @field_validator("mirrors", "hub_tokens", mode="after")
    @classmethod
    def _known_hubs(cls, value: Mapping[str, object]) -> Mapping[str, object]:
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
        names = [name for each in self.deployments for name in (each.name, *each.adapters)]
        if len(set(names)) != len(names):
            raise ValueError("two deployments have the same name")
        return self

    def spelled_out(self) -> dict[str, Any]:
        """As JSON, secrets included: for another process of this server, over a way that nobody else can read."""
        plain: dict[str, Any] = _spelled_out(self.model_dump())
        return plain

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


def _spelled_out(value: Any) -> Any:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value)
        case dict():
            return {name: _spelled_out(each) for name, each in cast("dict[str, Any]", value).items()}
        case tuple():
            return [_spelled_out(each) for each in cast("tuple[Any, ...]", value)]
        case _:
            return value
