"""What every paper of the company carries: its name, mark and colour, and how to reach it."""

from typing import Any

from portal.adapters.papers.wording import Wording
from portal.core.company import Company
from portal.core.languages import Phone, _, worded


def letterhead(company: Company, words: Wording) -> dict[str, Any]:
    return {
        "language": words.language.value,
        "company": words.text(company.named(words.language)),
        "colour": company.colour,
        "logo": company.logo.replace("currentColor", company.colour),
        "seller": _seller(company, words),
        "contact": _contact(company, words),
        "page": words.say(_("Page {page} of {pages}")),  # the template fills its places
    }


def _seller(company: Company, words: Wording) -> dict[str, Any]:
    """For a receipt, and for a document that names no seller of its own."""
    details = words.paragraphs(worded(company.address, words.language))
    if company.registration:
        details.append(words.say(_("Registration number {number}", number=company.registration)))
    return {"label": words.say(_("Issued by")), "name": words.text(company.legal_name), "details": details}


def _contact(company: Company, words: Wording) -> str:
    if company.email:
        return words.say(_("Questions? Call {phone} or write to {email}.", phone=Phone(company.telephone), email=company.email))
    return words.say(_("Questions? Call {phone}.", phone=Phone(company.telephone)))
