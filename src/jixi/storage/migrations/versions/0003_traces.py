"""Traces of calls, and what was said in them."""

import sqlalchemy as sa
from alembic import op

from jixi.storage import UtcDateTime

revision = "0003_traces"
down_revision = "0002_jobs"


def upgrade() -> None:
    op.create_table(
        "traces",
        sa.Column("tenant_id", sa.String(40), primary_key=True),
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(40)),
        sa.Column("member_id", sa.String(40), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("target", sa.String(200)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("dialect", sa.String(16), nullable=False),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("began_at", UtcDateTime, nullable=False, index=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(64)),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sa.Column("marks", sa.Text, nullable=False),
        sa.Column("attempts", sa.Text, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("cost_micros", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
    )
    op.create_index("traces_by_time", "traces", ["tenant_id", "began_at", "request_id"])
    op.create_table(
        "trace_contents",
        sa.Column("tenant_id", sa.String(40), primary_key=True),
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("began_at", UtcDateTime, nullable=False, index=True),
        sa.Column("request", sa.Text),
        sa.Column("answer", sa.Text),
    )
