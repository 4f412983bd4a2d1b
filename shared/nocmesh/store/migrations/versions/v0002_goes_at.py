"""Approvals that need nobody: when they go unless somebody stops them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forwards."""
    op.add_column("approvals", sa.Column("goes_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Backwards."""
    op.drop_column("approvals", "goes_at")
