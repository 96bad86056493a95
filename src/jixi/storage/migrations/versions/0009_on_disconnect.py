"""What becomes of a provider's answer whose caller has left."""

import sqlalchemy as sa
from alembic import op

revision = "0009_on_disconnect"
down_revision = "0008_responses"


def upgrade() -> None:
    column = sa.Column("on_disconnect", sa.String(10), nullable=False, server_default="cancel")
    op.add_column("providers", column)
