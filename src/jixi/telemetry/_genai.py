"""Names of OpenTelemetry's semantic conventions for generative AI, and our own beside them.

Copied, for the package that has them keeps them in a private module and changes them from release to release.
"""

from typing import Final

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
FIRST_CHUNK_S: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
CACHED_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
ERROR_TYPE: Final = "error.type"
HTTP_STATUS: Final = "http.response.status_code"

REQUEST_ID: Final = "jixi.request_id"
TENANT_ID: Final = "jixi.tenant_id"
KEY_ID: Final = "jixi.key_id"
MEMBER_ID: Final = "jixi.member_id"
DIALECT: Final = "jixi.dialect"
OUTCOME: Final = "jixi.outcome"
REPLAYED: Final = "jixi.replayed"
COST_MICROS: Final = "jixi.cost_micros"
CURRENCY: Final = "jixi.currency"

OPERATIONS: Final = {"chat": "chat", "completions": "text_completion", "embeddings": "embeddings"}
"""Our kinds of calls by the names of the conventions; a kind that they do not know keeps its own."""
