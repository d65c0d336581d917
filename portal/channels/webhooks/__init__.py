"""Notices of vendors. The signature is checked before anything is read; cookies mean nothing here."""

from portal.channels.webhooks import payments, twilio

DOORS = (*payments.DOORS, *twilio.DOORS)

__all__ = ["DOORS"]
