"""A customer's bill on paper."""

from portal.core import settling
from portal.core.errors import BillsUnseen
from portal.core.languages import Language
from portal.core.money import Money
from portal.core.portal import Portal


def bill(portal: Portal, customer_id: str, number: str, language: Language) -> bytes | None:
    """As PDF, with what is still open of it where billing says so. None: no document of theirs has that number. Raises BillsUnseen."""
    document = portal.billing.document(customer_id, number)
    return portal.papers.document(document, language, open=_open(portal, customer_id, number)) if document else None


def _open(portal: Portal, customer_id: str, number: str) -> Money | None:
    """Worth a second question to billing, not the paper."""
    try:
        account = portal.billing.account(customer_id)
    except BillsUnseen:
        return None
    return next((settling.less_credit(account, one).open for one in account.bills if one.number == number), None)
