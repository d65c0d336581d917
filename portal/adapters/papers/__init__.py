"""Documents as PDF, typeset by typst: tagged (PDF/UA-1), in four languages, in the company's colour."""

from collections.abc import Callable
from hashlib import sha256

from portal.adapters.papers.invoice import invoice
from portal.adapters.papers.kept import Kept
from portal.adapters.papers.letterhead import letterhead
from portal.adapters.papers.press import Press
from portal.adapters.papers.receipt import receipt as receipt_
from portal.adapters.papers.wording import Wording
from portal.core.company import Company
from portal.core.documents import Document, Receipt
from portal.core.languages import Language
from portal.core.money import Money

KEPT_BYTES = 16 * 2**20  # some 400 invoices: a customer looks at one, saves it and sends it within minutes


class TypstPapers:
    def __init__(self, company: Company, kept_bytes: int = KEPT_BYTES) -> None:
        self.company = company
        self._press = Press()
        self._kept = Kept(kept_bytes)

    def document(self, document: Document, language: Language, *, open: Money | None = None) -> bytes:
        words = Wording(language)
        return self._once(
            (document, language, open),
            lambda: self._press.print("invoice.typ", letterhead(self.company, words) | invoice(document, words, open)),
        )

    def receipt(self, receipt: Receipt, language: Language) -> bytes:
        words = Wording(language)
        return self._once(
            (receipt, language),
            lambda: self._press.print("receipt.typ", letterhead(self.company, words) | receipt_(receipt, words)),
        )

    def _once(self, content: tuple[object, ...], print: Callable[[], bytes]) -> bytes:
        """Known by all that is in it as written: documents that are equal may differ in print (1.0 and 1.00)."""
        key = sha256(repr(content).encode()).digest()
        paper = self._kept.get(key)
        if paper is None:
            paper = print()
            self._kept.put(key, paper)
        return paper
