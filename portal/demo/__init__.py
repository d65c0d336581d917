"""The demo company's customers, bills and incentives. None of them exists; the numbers are valid in form only."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import select

from portal.core.documents import Allowance, Document, Kind, Line, Party, Totals, VatRate
from portal.core.languages import moment
from portal.core.money import Money
from portal.core.papers_codec import DOCUMENTS
from portal.core.party import time
from portal.core.spans import DAY_MS
from portal.core.statements import Database, Statement, Values, insert, now, p
from portal.core.tables import Customer, Incentive, Invoice, Ledger

VAT = Decimal(18)
SELLER = Party("שחף סיבים בע״מ (הדגמה)", "510000003", "IL510000003", ("רחוב הדוגמה 1", "תל אביב-יפו"), "IL")

HOW_MANY = Statement(select(func.count().label("n")).select_from(Customer))
CUSTOMER = Statement(
    insert(Customer).values(
        customer_id=p("customer_id"), name=p("name"), national_id=p("national_id"), mobile=p("mobile"), email=p("email"),
        address=p("address"), language=p("language"), created_at=now(), updated_at=now(),
    )
)  # fmt: skip
INVOICE = Statement(
    insert(Invoice).values(
        customer_id=p("customer_id"), number=p("number"), kind=p("kind"), issued=p("issued"), due=p("due"), currency=p("currency"),
        total=p("total"), said_open=p("said_open"), details=p("details"), imported_at=now(),
    )
)  # fmt: skip
OPENING = Statement(
    insert(Ledger).values(
        customer_id=p("customer_id"), invoice_number=p("number"), kind="opening", amount=p("said_open"), currency=p("currency"), at=now()
    )
)
INCENTIVE = Statement(
    insert(Incentive).values(
        id=p("id"), kind=p("kind"), action="pay-balance", value=p("value"), currency="ILS", titles=p("titles"), starts_at=now() - DAY_MS,
        ends_at=now() + 365 * DAY_MS, budget=p("budget"), first_use=p("first_use"), at_most=p("at_most"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demo:
    """A customer; each bill is months ago, and whether it is still open. `speed` is of the fibre, in Mbit/s."""

    customer_id: str
    name: str
    national_id: str
    mobile: str
    email: str
    address: str
    language: str
    bills: tuple[tuple[int, bool], ...]
    speed: int = 600


CUSTOMERS = (
    Demo("1001", "רות לוי", "000000018", "+972502345678", "ruth@example.com", "רחוב הגפן 4, חיפה", "he", ((1, False), (0, True))),
    Demo(
        "1002",
        "Daniel Cohen",
        "000000026",
        "+972502345679",
        "daniel@example.com",
        "12 HaNamal St, Haifa",
        "en",
        ((1, True), (0, True)),
        1000,
    ),
    Demo("1003", "ليلى حدّاد", "000000034", "+972522345670", "layla@example.com", "شارع الزيتون 7، الناصرة", "ar", ((0, True),)),
    Demo(
        "1004",
        "Ирина Волкова",
        "000000042",
        "+972542345671",
        "irina@example.com",
        "ул. Герцля 20, Ашдод",
        "ru",
        ((2, False), (1, False), (0, True)),
    ),
    Demo("1005", "משה אברהם", "000000059", "+972502345680", "moshe@example.com", "שדרות הנשיא 9, חיפה", "he", ((0, True),)),
    Demo("1006", "יעל אברהם", "000000067", "+972502345680", "yael@example.com", "שדרות הנשיא 9, חיפה", "he", ((1, True), (0, True)), 1000),
    Demo("1007", "אסתר בן־דוד", "000000075", "+972502345681", "", "רחוב הרימון 2, צפת", "he", ((1, False), (0, False))),
    Demo("1008", "לקוח חדש", "000000083", "+972502345682", "new@example.com", "רחוב התאנה 1, אילת", "he", ()),
)

INCENTIVES: tuple[Values, ...] = (
    {
        "id": "settle-here", "kind": "percent", "value": 500, "budget": 5_000_000, "first_use": 1, "at_most": 3_000,
        "titles": json.dumps({
            "he": "5% הנחה בתשלום הראשון כאן (עד ₪30)",
            "ar": "خصم \u20665%\u2069 على أول دفعة هنا (حتى \u2066₪30\u2069)",
            "en": "5% off your first payment here (up to ₪30)",
            "ru": "Скидка 5% на первую оплату здесь (до ₪30)",
        }, ensure_ascii=False),
    },
    {
        "id": "no-service-fee", "kind": "fee_waived", "value": 1_990, "budget": 20_000_000, "first_use": 0, "at_most": 0,
        "titles": json.dumps({
            "he": "בלי דמי טיפול של ₪19.90 כשמשלמים כאן",
            "ar": "من دون رسوم خدمة \u2066₪19.90\u2069 عند الدفع هنا",
            "en": "No ₪19.90 service fee when you pay here",
            "ru": "Без сбора ₪19.90 при оплате здесь",
        }, ensure_ascii=False),
    },
)  # fmt: skip


def seed(db: Database) -> bool:
    """False, and nothing changed, where there are customers already."""
    with db.write() as tx:
        counted = tx.one(HOW_MANY)
        if counted is None or counted.n:
            return False
        today = moment(time(tx), ZoneInfo("Asia/Jerusalem")).date()
        tx.many(CUSTOMER, [_row(customer) for customer in CUSTOMERS])
        bills = [bill for customer in CUSTOMERS for bill in _bills(customer, today)]
        tx.many(INVOICE, bills)
        tx.many(OPENING, [{k: bill[k] for k in ("customer_id", "number", "said_open", "currency")} for bill in bills])
        tx.many(INCENTIVE, INCENTIVES)
    return True


def _row(customer: Demo) -> Values:
    named = ("customer_id", "name", "national_id", "mobile", "email", "address", "language")
    return {name: getattr(customer, name) for name in named}


def _bills(customer: Demo, today: date) -> Iterator[Values]:
    for months, is_open in customer.bills:
        document = _document(customer, _first_of_month(today, months))
        total = document.totals.payable
        yield {
            "customer_id": customer.customer_id, "number": document.number, "kind": document.kind.value,
            "issued": document.issued.isoformat(),
            "due": document.due.isoformat() if document.due else "", "currency": total.currency, "total": total.minor,
            "said_open": total.minor if is_open else 0, "details": DOCUMENTS.dump(document),
        }  # fmt: skip


def _first_of_month(today: date, months_ago: int) -> date:
    month = today.year * 12 + today.month - 1 - months_ago
    return date(month // 12, month % 12 + 1, 1)


def _document(customer: Demo, issued: date) -> Document:
    lines = (
        _line("1", f"Fibre {customer.speed}", "11990" if customer.speed < 1000 else "15990", customer),
        _line("2", "Wi-Fi 6", "1990", customer),
        _line("3", "TV Basic", "6990", customer),
    )
    off = Money(1_500, "ILS")
    net = Money(sum(line.net.minor for line in lines), "ILS")
    taxable = net - off
    tax = taxable.share(VAT)
    return Document(
        kind=Kind.INVOICE,
        number=f"{issued:%Y%m}-{customer.customer_id}",
        issued=issued,
        due=issued + timedelta(days=27),
        totals=Totals(payable=taxable + tax, lines=net, allowances=off, without_vat=taxable, vat=tax, with_vat=taxable + tax),
        seller=SELLER,
        buyer=Party(customer.name, customer.customer_id, "", tuple(customer.address.split(", ")), "IL"),
        period=(issued, _first_of_month(issued, -1) - timedelta(days=1)),
        lines=lines,
        vat=(VatRate("S", VAT, taxable, tax),),
        allowances=(Allowance(off, reason=LOYAL[customer.language]),),
    )


def _line(number: str, product: str, agorot: str, customer: Demo) -> Line:
    net = Money(int(agorot), "ILS")
    return Line(
        PRODUCTS[customer.language].get(product, product), net, number, quantity=Decimal(1), unit="MON", unit_price=net.decimal,
        vat_category="S", vat_rate=VAT,
    )  # fmt: skip


LOYAL = {"he": "הנחת לקוח ותיק", "ar": "خصم زبون دائم", "en": "Loyal customer discount", "ru": "Скидка постоянного клиента"}
PRODUCTS: dict[str, dict[str, str]] = {
    "he": {"Fibre 600": "אינטרנט סיבים 600", "Fibre 1000": "אינטרנט סיבים 1000", "Wi-Fi 6": "נתב Wi-Fi 6", "TV Basic": "טלוויזיה בסיסית"},
    "ar": {"Fibre 600": "إنترنت ألياف 600", "Fibre 1000": "إنترنت ألياف 1000", "Wi-Fi 6": "راوتر Wi-Fi 6", "TV Basic": "تلفزيون أساسي"},
    "en": {
        "Fibre 600": "Fibre internet 600",
        "Fibre 1000": "Fibre internet 1000",
        "Wi-Fi 6": "Wi-Fi 6 router",
        "TV Basic": "Basic television",
    },
    "ru": {
        "Fibre 600": "Оптический интернет 600",
        "Fibre 1000": "Оптический интернет 1000",
        "Wi-Fi 6": "Роутер Wi-Fi 6",
        "TV Basic": "Базовое ТВ",
    },
}
