"""The ledger's tables."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Table

from jixi.storage import UtcDateTime

_METADATA = MetaData()

prices = Table(
    "prices",
    _METADATA,
    Column("version", Integer, primary_key=True),
    Column("model", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("input_micros", BigInteger, nullable=False),
    Column("cached_input_micros", BigInteger, nullable=False),
    Column("output_micros", BigInteger, nullable=False),
    Column("valid_from", UtcDateTime, nullable=False),
    Column("member_id", String),
)
budgets = Table(
    "budgets",
    _METADATA,
    Column("scope_id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("limit_micros", BigInteger),
    Column("version", Integer, nullable=False),
)
accounts = Table(
    "accounts",
    _METADATA,
    Column("scope_id", String, primary_key=True),
    Column("month", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("limit_micros", BigInteger),
    Column("spent_micros", BigInteger, nullable=False),
    Column("held_micros", BigInteger, nullable=False),
)
holds = Table(
    "holds",
    _METADATA,
    Column("request_id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("key_id", String),
    Column("member_id", String, nullable=False),
    Column("model", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("month", String, nullable=False),
    Column("amount_micros", BigInteger, nullable=False),
    Column("price_version", Integer, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
)
charges = Table(
    "charges",
    _METADATA,
    Column("request_id", String, primary_key=True),
    Column("tenant_id", String, nullable=False),
    Column("key_id", String),
    Column("member_id", String, nullable=False),
    Column("model", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("charged_at", UtcDateTime, nullable=False),
    Column("day", String, nullable=False),
    Column("month", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("error_code", String),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("price_version", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("first_token_ms", Integer),
    Column("duration_ms", Integer, nullable=False),
    Column("stream", Boolean, nullable=False),
)
