"""What accelerators, processors and storage cost, and what was taken of them."""

import sqlalchemy as sa
from alembic import op

from jixi.storage import UtcDateTime

revision = "0018_resources"
down_revision = "0017_public_names"


def upgrade() -> None:
    op.create_table(
        "resource_prices",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("resource", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("micros", sa.BigInteger, nullable=False),
        sa.Column("valid_from", UtcDateTime, nullable=False),
        sa.Column("member_id", sa.String(40)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "resource_charges",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("window_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tenant_id", sa.String(40), nullable=False),
        sa.Column("resource", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("price_version", sa.Integer, nullable=False),
        sa.Column("price_micros", sa.BigInteger, nullable=False),
        sa.Column("cost_micros", sa.BigInteger, nullable=False),
    )
    op.create_index("resource_charges_of_tenant", "resource_charges", ["tenant_id", "window_ms"])
