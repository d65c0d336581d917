"""What is open is read from the index alone: of a customer who was not there lately, a page of the disk less."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME = "ix_ledger_customer_id_invoice_number"


def upgrade() -> None:
    op.drop_index(NAME, "ledger")
    op.create_index(NAME, "ledger", ["customer_id", "invoice_number", "currency", "amount"])


def downgrade() -> None:
    op.drop_index(NAME, "ledger")
    op.create_index(NAME, "ledger", ["customer_id", "invoice_number"])
