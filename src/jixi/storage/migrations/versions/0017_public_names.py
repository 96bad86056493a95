"""One space of public names. Where a name was given twice, the alias keeps it, as it did for callers."""

import sqlalchemy as sa
from alembic import op

revision = "0017_public_names"
down_revision = "0016_given_up"


def upgrade() -> None:
    names = op.create_table(
        "public_names",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("owner_id", sa.String(40), nullable=False, index=True),
    )
    for room, owner in (("aliases", "id"), ("deployments", "id"), ("provider_models", "provider_id")):
        table = sa.table(room, sa.column("name"), sa.column(owner))
        free = ~sa.exists().where(names.c.name == table.c.name)
        mine = sa.select(table.c.name, table.c[owner]).where(free)
        op.execute(names.insert().from_select(["name", "owner_id"], mine))
