"""Where in its journey a payment was asked for, and whether the journey knows of its success: whoever heard which word first, and
whatever the customer did meanwhile, it is told, and told once."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("turn", sa.Integer(), server_default=sa.text("(0)"), nullable=False))
        batch_op.add_column(sa.Column("next", sa.String(), server_default=sa.text("('receipt')"), nullable=False))
        batch_op.add_column(sa.Column("shown", sa.Integer(), server_default=sa.text("(0)"), nullable=False))
    # What was paid is no news to a journey that went on since.
    op.execute(
        "UPDATE payment SET shown = 1 WHERE state = 'success' AND settled_at <="
        " (SELECT updated_at FROM journey WHERE journey.id = payment.journey_id AND ended_at IS NULL)"
    )
    op.execute(
        "UPDATE payment SET turn = (SELECT turn FROM journey WHERE journey.id = payment.journey_id)"
        " WHERE state IN ('created', 'started', 'submitted') AND journey_id IN (SELECT id FROM journey)"
    )


def downgrade() -> None:
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_column("shown")
        batch_op.drop_column("next")
        batch_op.drop_column("turn")
