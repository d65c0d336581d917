"""An invoice as PDF: the first time, and again. In this process, after one that warms it up."""

import statistics
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

from portal.adapters.papers import TypstPapers
from portal.core.company import read
from portal.core.documents import Document, Kind, Line, Party, Totals, VatRate
from portal.core.languages import Language
from portal.core.money import Money
from portal.paths import DEMO
from tests.bench.figures import Figure

DOCUMENTS = 40


def measure(scale: float) -> list[Figure]:
    papers = TypstPapers(read(DEMO))
    warm = invoice(0)
    for language in Language:
        papers.document(warm, language)
    first: list[float] = []
    again: list[float] = []
    for n in range(1, DOCUMENTS + 1):
        document, language = invoice(n), list(Language)[n % 4]
        for times in (first, again):
            began = time.perf_counter()
            papers.document(document, language)
            times.append((time.perf_counter() - began) * 1000)
    return [
        Figure(
            "invoice as PDF, first time",
            statistics.median(first),
            "ms",
            at_most=15,
            note=f"{DOCUMENTS} of 12 lines, worst {max(first):.1f}",
        ),
        Figure("invoice as PDF, again", statistics.median(again), "ms", at_most=2, note=f"worst {max(again):.1f}"),
    ]


def invoice(n: int) -> Document:
    """Twelve lines, one rate of VAT, names in two scripts."""
    line = Line(
        "אינטרנט סיבים 1000 Mb", Money(8390, "ILS"), "1", "", Decimal(1), "C62", Decimal("83.90"), vat_category="S", vat_rate=Decimal(18)
    )
    lines = tuple(replace(line, number=str(k + 1), name=f"{line.name} {k}" if k % 2 else f"Fibre {k}") for k in range(12))
    net = sum(line.net.minor for line in lines)
    vat = round(net * 0.18)
    return Document(
        Kind.INVOICE,
        f"BENCH-{n}",
        date(2026, 11, 1),
        date(2026, 11, 20),
        Totals(
            Money(net + vat, "ILS"),
            Money(net, "ILS"),
            without_vat=Money(net, "ILS"),
            vat=Money(vat, "ILS"),
            with_vat=Money(net + vat, "ILS"),
        ),
        seller=Party("חברה לדוגמה בע״מ", "514000006", "IL514000006", ("רחוב הרצל 1", "תל אביב"), "IL"),
        buyer=Party(f"לקוח {n}", "", "", ("רחוב הנביאים 2", "חיפה"), "IL"),
        lines=lines,
        vat=(VatRate("S", Decimal(18), Money(net, "ILS"), Money(vat, "ILS")),),
    )
