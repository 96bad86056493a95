"""What is counted in other units than tokens: seconds of audio, characters that are read out, images."""

import sqlalchemy as sa
from alembic import op

revision = "0014_units"
down_revision = "0013_job_facts"


def upgrade() -> None:
    op.add_column("prices", sa.Column("unit", sa.String(16)))
    for table, column in (("prices", "unit_micros"), ("holds", "units"), ("charges", "units")):
        op.add_column(table, sa.Column(column, sa.BigInteger, nullable=False, server_default="0"))
