"""Documents of a made-up company, with everything a document may have."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal as D
from zoneinfo import ZoneInfo

from portal.core.company import Company, Hours
from portal.core.documents import Allowance, Document, Kind, Line, Party, Receipt, ReceiptLine, Totals, VatRate
from portal.core.languages import verbatim
from portal.core.money import Money

MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="18" fill="currentColor"/></svg>'

COMPANY = Company(
    name={"he": "גל תקשורת", "ar": "غال للاتصالات", "en": "Gal Telecom", "ru": "Гал Телеком"},
    legal_name="גל תקשורת בע״מ",
    colour="#0b5cad",
    logo=MARK,
    telephone="+97235551234",
    whatsapp="",
    email="care@gal.example",
    address={"he": "דרך הים 12\nחיפה 3303112"},
    zone=ZoneInfo("Asia/Jerusalem"),
    hours=Hours(((time(8), time(20)),) * 5 + (None, None)),
    currency="ILS",
    wait_minutes=4,
    show_amount_by_id=False,
    sms_countries=("IL",),
    registration="512345678",
)


def ils(shekels: str) -> Money:
    return Money.of(D(shekels), "ILS")


JOINING = (Allowance(ils("10.00"), False, "מבצע הצטרפות"),)

INVOICE = Document(
    kind=Kind.INVOICE,
    number="2026-000123",
    issued=date(2026, 11, 1),
    due=date(2026, 11, 22),
    totals=Totals(
        payable=ils("1234.50"),
        lines=ils("1110.00"),
        allowances=ils("20.00"),
        charges=ils("7.37"),
        without_vat=ils("1097.37"),
        vat=ils("187.13"),
        with_vat=ils("1284.50"),
        prepaid=ils("50.00"),
    ),
    seller=Party("גל תקשורת בע״מ", "513456789", "IL513456789", ("דרך הים 12", "חיפה 3303112"), "IL"),
    buyer=Party("דנה כהן-לוי", "", "", ("רחוב הנביאים 7, דירה 3", "ירושלים 9510207"), "IL"),
    period=(date(2026, 10, 1), date(2026, 10, 31)),
    lines=(
        Line("חבילת סלולר 100GB", ils("59.90"), "1", "מספר 050-234-5678", D("1"), "MON", D("59.90"), None, "S", D("18")),
        Line("Fiber 1000/100 Mbps", ils("890.00"), "2", "", D("10"), "MON", D("89.00"), None, "S", D("18"), JOINING),
        Line("שיחות לחו״ל", ils("120.10"), "3", "", D("1201"), "MIN", D("10.00"), D("100"), "S", D("18")),
        Line("משלוח", ils("40.00"), "4", "", D("2.50"), "HUR", D("16.000"), None, "Z", D("0")),
    ),
    vat=(VatRate("S", D("18"), ils("1039.61"), ils("187.13")), VatRate("Z", D("0"), ils("40.00"), ils("0"), "יצוא שירותים")),
    allowances=(Allowance(ils("20.00"), False, "הנחת נאמנות"), Allowance(ils("7.37"), True, "דמי משלוח")),
    notes=("תודה שבחרתם בגל תקשורת.\nהתעריפים יתעדכנו ב-1 בינואר.",),
)

CREDIT_NOTE = replace(
    INVOICE,
    kind=Kind.CREDIT_NOTE,
    number="2026-C-17",
    due=None,
    corrects=("2026-000099", "2026-000100"),
    totals=Totals(payable=ils("70.68"), lines=ils("59.90"), without_vat=ils("59.90"), vat=ils("10.78"), with_vat=ils("70.68")),
    lines=INVOICE.lines[:1],
    vat=(VatRate("S", D("18"), ils("59.90"), ils("10.78")),),
    allowances=(),
    notes=(),
)

TOTALS_ONLY = Document(Kind.INVOICE, "7788-1", date(2026, 11, 1), date(2026, 11, 22), Totals(payable=ils("349.80")))

MANY_LINES = replace(
    INVOICE,
    number="2026-000777",
    lines=tuple(Line(f"שיחה מספר {n}", ils(f"{n}.10"), str(n), "", D(n), "MIN", D("0.10"), None, "S", D("18")) for n in range(1, 121)),
)

RECEIPT = Receipt(
    number="R-2026-0042",
    paid_on=date(2026, 11, 22),
    paid_at="09:05",
    customer_name="דנה כהן-לוי",
    lines=(ReceiptLine(verbatim("חשבונית 2026-000123"), ils("1234.50")), ReceiptLine(verbatim("5% הנחה על תשלום כאן"), -ils("61.73"))),
    paid=ils("1172.77"),
    saved=ils("61.73"),
    balance_after=ils("0"),
    provider_reference="cs_test_a1B2c3",
)
