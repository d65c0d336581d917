"""The fake Stripe's Checkout page: what a customer presses there."""

from collections.abc import Mapping
from html import escape
from typing import Any

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stripe Checkout</title></head>
<body style="font: 18px sans-serif; max-width: 30em; margin: 2em auto"><main><h1>{name}</h1>
<p data-testid="checkout-amount" data-minor="{amount_total}" data-currency="{currency}">{currency} {amount_total}</p>
{inside}</main></body></html>"""
OPEN = """<form method="post">{declined}
<button name="do" value="pay" data-testid="checkout-pay">Pay</button>
<button name="do" value="pay later" data-testid="checkout-later">Pay by bank debit</button>
<button name="do" value="decline" data-testid="checkout-decline">Pay with a card that is declined</button>
</form><p><a href="{cancel_url}" data-testid="checkout-back">Back</a></p>"""
DECLINED = '<p role="alert" data-testid="checkout-declined">Your card was declined. Try another one.</p>'
OVER = '<p data-testid="checkout-over">This page is {status}.</p>'


def page(session: Mapping[str, Any]) -> str:
    said = {key: escape(str(value)) for key, value in session.items()}
    inside = OPEN if session["status"] == "open" else OVER
    declined = DECLINED if session["status"] == "open" and session["payment_intent"] else ""
    return PAGE.format_map(said | {"inside": inside.format_map(said | {"declined": declined})})
