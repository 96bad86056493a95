"""Who calls: the one identity that every room is handed, however the caller proved it."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    PLATFORM_ADMIN = "platform_admin"
    TENANT_ADMIN = "tenant_admin"
    DEVELOPER = "developer"
    ANALYST = "analyst"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """What an API key may be used for; `ADMIN` lets it call the admin API with its member's role."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"
    CLASSIFY = "classify"
    TRANSCRIPTIONS = "transcriptions"
    SPEECH = "speech"
    IMAGES = "images"
    BATCHES = "batches"
    ADMIN = "admin"


INFERENCE_SCOPES = frozenset(Scope) - {Scope.ADMIN}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticated caller. `key_id` is None for a console session; `models` None means every model."""

    tenant_id: str
    member_id: str
    role: Role
    key_id: str | None = None
    scopes: frozenset[Scope] = INFERENCE_SCOPES | {Scope.ADMIN}
    models: frozenset[str] | None = None
