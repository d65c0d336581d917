"""What vendors tell us after the fact: deliveries, refunds, disputes. Chores that any process does."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NONE = sa.text("('')")
ZERO = sa.text("0")


def upgrade() -> None:
    op.create_table(
        "chore",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(), server_default=NONE, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chore")),
    )
    with op.batch_alter_table("challenge", schema=None) as batch_op:
        batch_op.add_column(sa.Column("calls", sa.Integer(), server_default=ZERO, nullable=False))
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("vendor_id", sa.String(), server_default=NONE, nullable=False))
        batch_op.add_column(sa.Column("delivery", sa.String(), server_default=NONE, nullable=False))
        batch_op.add_column(sa.Column("delivery_reason", sa.String(), server_default=NONE, nullable=False))
        batch_op.create_index(
            "ix_outbox_failed", ["id"], sqlite_where=sa.text("state = 'failed'"), postgresql_where=sa.text("state = 'failed'")
        )
        batch_op.drop_index("ix_outbox_waiting")
        batch_op.create_index(
            "ix_outbox_waiting", ["channel", "priority", "due_at"],
            sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"),
        )  # fmt: skip
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("capture", sa.String(), server_default=NONE, nullable=False))
        batch_op.add_column(sa.Column("refunded", sa.BigInteger(), server_default=ZERO, nullable=False))
        batch_op.add_column(sa.Column("refund_failed", sa.BigInteger(), server_default=ZERO, nullable=False))
        batch_op.add_column(sa.Column("disputed", sa.BigInteger(), server_default=ZERO, nullable=False))
        batch_op.add_column(sa.Column("dispute_won", sa.BigInteger(), server_default=ZERO, nullable=False))
        batch_op.add_column(sa.Column("told", sa.String(), server_default=NONE, nullable=False))
        batch_op.create_index(batch_op.f("ix_payment_capture"), ["capture"])
        batch_op.create_index(
            "ix_payment_untold", ["customer_id"], sqlite_where=sa.text("told = 'waiting'"), postgresql_where=sa.text("told = 'waiting'")
        )


def downgrade() -> None:
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_untold")
        batch_op.drop_index(batch_op.f("ix_payment_capture"))
        batch_op.drop_column("told")
        batch_op.drop_column("dispute_won")
        batch_op.drop_column("disputed")
        batch_op.drop_column("refund_failed")
        batch_op.drop_column("refunded")
        batch_op.drop_column("capture")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_waiting")
        batch_op.create_index(
            "ix_outbox_waiting", ["due_at"], sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'")
        )
        batch_op.drop_index("ix_outbox_failed")
        batch_op.drop_column("delivery_reason")
        batch_op.drop_column("delivery")
        batch_op.drop_column("vendor_id")
    with op.batch_alter_table("challenge", schema=None) as batch_op:
        batch_op.drop_column("calls")
    op.drop_table("chore")
