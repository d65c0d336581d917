"""Twilio: SMS, WhatsApp, calls, and what it tells us of them. docs/twilio.md"""

from twilio.rest import Client

from portal.adapters.twilio.notices import TwilioNotices
from portal.adapters.twilio.sending import TwilioCalls, TwilioMessages
from portal.adapters.twilio.wire import client, translated


def account(client: Client) -> str:
    """Whose it is and whether it is active, for `portal check`. Raises VendorError."""
    with translated():
        found = client.api.accounts(client.account_sid).fetch()
        return f"{found.friendly_name}, {found.status}"


__all__ = ["TwilioCalls", "TwilioMessages", "TwilioNotices", "account", "client"]
