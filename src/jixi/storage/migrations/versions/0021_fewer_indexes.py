"""Indexes that cost every call a write and help no query go.

Charges are sought by their time, and the holds are those of the calls that run now: few enough to look at all.
"""

from alembic import op

revision = "0021_fewer_indexes"
down_revision = "0020_model_imports"


def upgrade() -> None:
    op.drop_index("charges_by_day", "charges")
    op.drop_index("ix_holds_lease_until", "holds")
