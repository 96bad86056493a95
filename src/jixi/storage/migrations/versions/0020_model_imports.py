"""What jobs are to bring as versions of models of one's own."""

import sqlalchemy as sa
from alembic import op

from jixi.storage import UtcDateTime

revision = "0020_model_imports"
down_revision = "0019_node_history"


def upgrade() -> None:
    op.create_table(
        "model_imports",
        sa.Column("version_id", sa.String(40), primary_key=True),
        sa.Column("model_id", sa.String(40), nullable=False),
        sa.Column("tenant_id", sa.String(40), nullable=False, index=True),
        sa.Column("member_id", sa.String(40), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("draft", sa.JSON, nullable=False),
    )
