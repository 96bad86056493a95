"""Aliases: public names behind which other models answer."""

import sqlalchemy as sa
from alembic import op

from jixi.storage import UtcDateTime

revision = "0007_aliases"
down_revision = "0006_providers"


def upgrade() -> None:
    op.create_table(
        "aliases",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("targets", sa.JSON, nullable=False),
        sa.Column("canary", sa.JSON(none_as_null=True)),
        sa.Column("fallbacks", sa.JSON, nullable=False),
        sa.Column("cache_ttl_s", sa.Integer),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("hedge_after_ms", sa.Integer),
        sa.Column("first_token_s", sa.Integer),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
