"""Kept Responses, and the first answers of calls that came with an Idempotency-Key."""

import sqlalchemy as sa
from alembic import op

from jixi.storage import UtcDateTime

revision = "0008_responses"
down_revision = "0007_aliases"


def upgrade() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tenant_id", sa.String(40), nullable=False),
        sa.Column("owner_id", sa.String(40), nullable=False),
        sa.Column("previous_id", sa.String(64)),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "call_answers",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("claim", sa.String(40), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False, index=True),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("answer", sa.Text),
    )
