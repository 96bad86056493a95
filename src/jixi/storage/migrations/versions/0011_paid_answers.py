"""What tries with an Idempotency-Key are charged under; and a row of each tenant, to count files and batches by."""

import sqlalchemy as sa
from alembic import op

revision = "0011_paid_answers"
down_revision = "0010_response_quota"


def upgrade() -> None:
    op.add_column("call_answers", sa.Column("request_id", sa.String(64)))
    op.add_column("call_answers", sa.Column("paid", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table("batch_tenants", sa.Column("tenant_id", sa.String(40), primary_key=True))
