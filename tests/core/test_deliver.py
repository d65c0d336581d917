"""A job goes to whoever takes its channel, and what the vendor calls it is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlmodel import col, select

from portal.core.documents import Document
from portal.core.errors import BillsUnseen, Permanent
from portal.core.languages import Language
from portal.core.outbox import Job, Outbox
from portal.core.ports import Message
from portal.core.statements import Database, Statement, now
from portal.core.tables import Outbox as Row
from tests.client import Client
from tests.core.test_outbox import wait

ROWS = Statement(select(Row.key, Row.state, Row.vendor_id, Row.error))
PAUSE = Statement(select((col(Row.due_at) - now()).label("ms")))


@dataclass
class Vendor:
    def send(self, message: Message) -> str:
        return f"SM-{message.key}"


@dataclass
class Books:
    """Stands for a company's own system that is told of payments."""

    told: list[Job] = field(default_factory=list)

    def __call__(self, job: Job) -> str:
        if job.about["payment"] == "unknown":
            raise Permanent("no such payment")
        self.told.append(job)
        return f"entry-{job.about['payment']}"


def test_what_the_vendor_calls_a_message_is_kept(new_portal: Callable[..., Client], demo_database: Database) -> None:
    with demo_database.write() as tx:
        Outbox(separate=True).put(tx, "receipt", "sms", "+972502345678", key="a", language=Language.HE, about={})
    new_portal(messages={"sms": Vendor(), "email": Vendor()})
    wait(lambda: rows(demo_database) == {"a": ("sent", "SM-a", "")})


def test_what_is_no_message_goes_to_the_courier_of_its_channel(new_portal: Callable[..., Client], demo_database: Database) -> None:
    books = Books()
    with demo_database.write() as tx:
        for payment in ("p1", "unknown"):
            Outbox(separate=True).put(tx, "payment", "billing", "", key=payment, language=Language.HE, about={"payment": payment})
    new_portal(couriers={"billing": books})
    wait(lambda: rows(demo_database) == {"p1": ("sent", "entry-p1", ""), "unknown": ("failed", "", "Permanent: no such payment")})
    assert [job.key for job in books.told] == ["p1"]


@dataclass
class Silent:
    """A billing system that says when it will answer again."""

    remote: bool = True

    def document(self, customer_id: str, number: str) -> Document | None:
        raise BillsUnseen("it said 503", 300.0)


def test_a_letter_about_a_bill_waits_as_long_as_billing_says(new_portal: Callable[..., Client], demo_database: Database) -> None:
    with demo_database.write() as tx:
        Outbox(separate=True).put(tx, "invoice", "email", "ruth@example.com", key="a", language=Language.HE, about={"number": "A"})
    new_portal(billing=Silent(), messages={"sms": Vendor(), "email": Vendor()})
    wait(lambda: rows(demo_database) == {"a": ("waiting", "", "TryAgain: it said 503")})
    with demo_database.read() as reader:
        (pause,) = reader.all(PAUSE)
    assert pause.ms > 200_000


def rows(db: Database) -> dict[str, tuple[str, str, str]]:
    with db.read() as reader:
        return {row.key: (row.state, row.vendor_id, row.error) for row in reader.all(ROWS)}
