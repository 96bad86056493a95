"""Why a deployment went back to an earlier revision by itself, and from which."""

import sqlalchemy as sa
from alembic import op

revision = "0016_given_up"
down_revision = "0015_deployments"


def upgrade() -> None:
    with op.batch_alter_table("deployment_changes") as table:
        table.add_column(sa.Column("tried", sa.Integer))
        table.add_column(sa.Column("reason", sa.JSON))
        table.alter_column("member_id", existing_type=sa.String(40), nullable=True)
