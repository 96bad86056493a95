"""Jobs that count bytes, are about things with longer names, and tell more of themselves than three sums."""

import sqlalchemy as sa
from alembic import op

revision = "0013_job_facts"
down_revision = "0012_models"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("facts", sa.JSON, nullable=False, server_default="{}"))
    # SQLite stores whatever it is given, whatever the column says.
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("jobs", "subject", type_=sa.String(200), existing_nullable=False)
        for name in ("done", "failed", "total"):
            op.alter_column("jobs", name, type_=sa.BigInteger, existing_nullable=False)
