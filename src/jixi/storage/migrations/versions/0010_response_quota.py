"""How large each kept Response is, so that what a tenant keeps can be summed up."""

import sqlalchemy as sa
from alembic import op

revision = "0010_response_quota"
down_revision = "0009_on_disconnect"


def upgrade() -> None:
    op.add_column("responses", sa.Column("bytes", sa.Integer, nullable=False, server_default="0"))
    responses = sa.table("responses", sa.column("bytes"), sa.column("content"))
    op.execute(responses.update().values(bytes=sa.func.length(responses.c.content)))
    op.create_index("ix_responses_room", "responses", ["tenant_id", "expires_at", "bytes"])
