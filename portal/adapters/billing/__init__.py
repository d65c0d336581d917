"""Where bills are: in our own database (embedded), or in the company's own system, over HTTP (docs/billing.md)."""

from portal.adapters.billing.embedded import EmbeddedBilling

__all__ = ["EmbeddedBilling"]
