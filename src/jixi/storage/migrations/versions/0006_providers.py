"""Outside providers and their models."""

import sqlalchemy as sa
from alembic import op

from jixi.storage import UtcDateTime

revision = "0006_providers"
down_revision = "0005_batches"


def upgrade() -> None:
    op.create_table(
        "providers",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(120), nullable=False, unique=True),
        sa.Column("vendor", sa.String(40), nullable=False),
        sa.Column("base_url", sa.Text, nullable=False),
        sa.Column("api_version", sa.String(40)),
        sa.Column("credential", sa.Text),
        sa.Column("credential_hint", sa.String(8)),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("max_parallel", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.JSON(none_as_null=True)),
        sa.Column("checked_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "provider_models",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("provider_id", sa.String(40), sa.ForeignKey("providers.id"), nullable=False, index=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("upstream", sa.String(200), nullable=False),
        sa.Column("kinds", sa.JSON, nullable=False),
        sa.Column("context", sa.Integer, nullable=False),
        sa.Column("max_output", sa.Integer),
        sa.Column("tools", sa.Boolean, nullable=False),
        sa.Column("vision", sa.Boolean, nullable=False),
    )
