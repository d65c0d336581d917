"""A receipt as the data of templates/receipt.typ."""

from typing import Any

from portal.adapters.papers.wording import Wording
from portal.core.documents import Receipt
from portal.core.languages import Text, _, isolated
from portal.core.money import Money


def receipt(receipt: Receipt, words: Wording) -> dict[str, Any]:
    return {
        "title": words.say(_("Receipt")),
        "name": words.name(_("Receipt"), receipt.number),
        "paid": {"label": words.say(_("You paid")), "amount": words.money(receipt.paid)},
        "saved": words.say(_("You saved {amount} by doing it here", amount=receipt.saved)) if receipt.saved.minor > 0 else None,
        "lines": {
            "columns": [words.say(_("What was paid")), words.say(_("Amount"))],
            "rows": [{"label": words.say(line.label), "amount": words.money(line.amount)} for line in receipt.lines],
        },
        "total": words.say(_("Paid")),
        "facts": [{"label": words.say(label), "value": value} for label, value in _facts(receipt, words) if value],
    }


def _facts(receipt: Receipt, words: Wording) -> list[tuple[Text, str]]:
    return [
        (_("Receipt number"), words.text(receipt.number)),
        (_("Date"), words.day(receipt.paid_on)),
        (_("Time"), isolated(receipt.paid_at)),
        (_("Customer"), words.text(receipt.customer_name)),
        (_("Payment reference"), words.text(receipt.provider_reference)),
        _balance(receipt.balance_after, words),
        (_("Given back to you since"), words.money(receipt.returned) if receipt.returned else ""),
    ]


def _balance(after: Money | None, words: Wording) -> tuple[Text, str]:
    if after is not None and after.minor < 0:
        return _("To your credit"), words.money(-after)
    return _("Balance after this payment"), words.money(after) if after is not None else ""
