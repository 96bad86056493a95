"""What the nodes did over time, and which deployments held what of them."""

import sqlalchemy as sa
from alembic import op

revision = "0019_node_history"
down_revision = "0018_resources"


def upgrade() -> None:
    op.create_table(
        "node_samples",
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("node", sa.String(255), primary_key=True),
        sa.Column("place", sa.String(120), primary_key=True),
        sa.Column("model", sa.String(255)),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False),
        sa.Column("used_bytes", sa.BigInteger, nullable=False),
        sa.Column("utilisation", sa.Float),
        sa.Column("power_w", sa.Float),
    )
    op.create_table(
        "node_holdings",
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("node", sa.String(255), primary_key=True),
        sa.Column("place", sa.String(120), primary_key=True),
        sa.Column("deployment", sa.String(200), primary_key=True),
        sa.Column("held_bytes", sa.BigInteger, nullable=False),
    )
