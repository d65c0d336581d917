"""A receipt as the data of templates/receipt.typ."""

from typing import Any

from portal.adapters.papers.wording import Wording
from portal.core.documents import Receipt
from portal.core.languages import _, isolated


def receipt(receipt: Receipt, words: Wording) -> dict[str, Any]:
    return {
        "title": words.say(_("Receipt")),
        "number": words.text(receipt.number),
        "paid": {"label": words.say(_("You paid")), "amount": words.money(receipt.paid)},
        "facts": _facts(receipt, words),
        "lines": {
            "title": words.say(_("What was paid")),
            "columns": [words.say(_("Description")), words.say(_("Amount"))],
            "rows": [{"label": words.text(line.label), "amount": words.money(line.amount)} for line in receipt.lines],
        },
        "total": words.say(_("Paid")),
        "saved": words.say(_("You saved {amount} by doing it here", amount=receipt.saved)) if receipt.saved.minor > 0 else None,
        "balance": _balance(receipt, words),
    }


def _facts(receipt: Receipt, words: Wording) -> list[dict[str, str]]:
    facts = [
        (_("Receipt number"), words.text(receipt.number)),
        (_("Date"), words.day(receipt.paid_on)),
        (_("Time"), isolated(receipt.paid_at)),
        (_("Customer"), words.text(receipt.customer_name)),
        (_("Payment reference"), words.text(receipt.provider_reference)),
    ]
    return [{"label": words.say(label), "value": value} for label, value in facts if value]


def _balance(receipt: Receipt, words: Wording) -> dict[str, str] | None:
    after = receipt.balance_after
    if after is None:
        return None
    if after.minor < 0:
        return {"label": words.say(_("To your credit")), "amount": words.money(-after)}
    return {"label": words.say(_("Balance after this payment")), "amount": words.money(after)}
