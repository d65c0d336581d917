"""The main job as a customer goes through it, over pages, in this process: identify, the invoice, the payment, a person."""

import re
from time import monotonic, sleep

import pytest
from sqlmodel import col, select

from portal.core import journey, ledger, party, payments
from portal.core.case import Proof, Reply
from portal.core.errors import TryAgain
from portal.core.events import Origin
from portal.core.journey import stored
from portal.core.languages import Language
from portal.core.ledger import Entry
from portal.core.portal import Portal
from portal.core.ports import Heard, PaymentPage
from portal.core.statements import Row, Statement, p
from portal.core.tables import Callback, Event, Ledger, Outbox, Payment
from tests.adapters.papers.reading import elements, plain
from tests.client import Client, Page
from tests.core.paying import INVOICE, ils

RUTH, DANIEL, ESTHER = "+972502345678", "+972502345679", "+972502345681"

CALLBACKS = Statement(select(Callback))
EVENTS = Statement(select(Event.action, Event.step, Event.outcome, Event.reason).order_by(col(Event.id)))
STARTS = Statement(select(Event.journey_id).where(col(Event.step) == "start", col(Event.action) == p("action")))
MAILED = Statement(select(Outbox.recipient, Outbox.kind, Outbox.channel).where(col(Outbox.channel) == "email"))
RECEIPTS = Statement(select(Outbox.channel).where(col(Outbox.kind) == "receipt"))
PAYMENTS = Statement(select(Payment))
PAID = Statement(select(Ledger.kind, Ledger.amount).where(col(Ledger.payment_id) == p("payment_id")).order_by(col(Ledger.id)))


def newest_code(portal: Client, phone: str, after: int) -> str:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        if (messages := portal.messages(phone)) and messages[0]["id"] > after:
            return re.findall(r"#(\d{6})", messages[0]["body"])[0]
        sleep(0.02)
    raise AssertionError("no code came")


def identified(portal: Client, phone: str = RUTH, next: str = "/"):
    before = max((message["id"] for message in portal.messages(phone)), default=0)
    asking = portal.open(f"/identify?next={next}")
    coding = portal.submit(asking, "submit", phone=f"0{phone[4:]}")
    return portal.submit(coding, "submit", code=newest_code(portal, phone, before))


@pytest.fixture
def english(new_portal):
    portal = new_portal()
    portal.open("/?lang=en")
    return portal


def test_the_last_invoice_is_three_pages_away(english, demo_database):
    page = identified(english, RUTH, "/actions/last-invoice")
    assert page.heading == "Your last invoice"
    assert page.said("amount") == "₪229.75"
    assert page.said("amount-due") == "₪229.75"
    pdf = english.get(page.at("view").get("href"))
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    with demo_database.read() as reader:
        told = [tuple(row) for row in reader.all(EVENTS)]
    assert ("", "code", "asked", "") in told
    assert ("", "identified", "code", "") in told
    assert ("last-invoice", "start", "done", "") in told


def test_it_is_sent_to_the_address_on_file_and_to_no_other(english, demo_database):
    page = identified(english, RUTH, "/actions/last-invoice")
    done = english.submit(page, "choice-email")
    assert done.heading == "The invoice is on its way"
    with demo_database.read() as reader:
        assert [tuple(row) for row in reader.all(MAILED)] == [("ruth@example.com", "invoice", "email")]


def test_earlier_months_are_one_tap_away(english):
    page = identified(english, DANIEL, "/actions/last-invoice")
    assert len(page.all("earlier")) == 1
    assert len(page.all("save-earlier")) == 1


@pytest.mark.parametrize(("phone", "hint"), [(DANIEL, "Still to pay ₪276.95"), (ESTHER, "₪229.75")], ids=["open", "paid"])
def test_an_earlier_month_says_what_is_still_to_pay_of_it(english, phone, hint):
    page = identified(english, phone, "/actions/last-invoice")
    assert page.at("view-earlier").xpath("string(small)") == hint


def test_what_is_open_is_paid_from_the_invoice(english):
    page = identified(english, RUTH, "/actions/last-invoice")
    paying = english.follow(page, "action-pay-balance")
    assert paying.heading == "Pay your balance"
    assert paying.said("amount-due") == "₪218.26"


def test_where_nothing_is_open_something_else_is_offered(english):
    page = identified(english, ESTHER, "/actions/last-invoice")
    assert not page.has("action-pay-balance")
    assert english.follow(page, "something-else").heading == "What would you like to do?"


def test_a_customer_without_invoices_is_told_so(english):
    page = identified(english, "+972502345682", "/actions/last-invoice")
    assert page.heading == "There is no invoice yet"


def test_a_request_to_be_called_waits_for_the_desk(english, demo_database):
    page = english.open("/human")
    done = english.submit(page, "submit", phone="03-555 0100", topic="fault", when="morning")
    assert done.heading == "We will call you"
    with demo_database.read() as reader:
        (row,) = reader.all(CALLBACKS)
    assert (row.phone, row.topic, row.preferred, row.customer_id) == ("+97235550100", "fault", "morning", None)
    assert row.reference in done.said("reference")


@pytest.mark.parametrize("known", [False, True], ids=["nobody", "a customer"])
def test_a_request_to_be_called_is_a_page_to_come_back_to(english, demo_database, known):
    if known:
        identified(english)
    asked = english.submit(english.open("/human"), "submit", phone="03-555 0100", topic="fault", when="soon")
    again = english.open(asked.path)
    russian = english.open(asked.tree.xpath("//a[@hreflang='ru']/@href")[0])
    assert again.status == russian.status == 200
    assert asked.said("reference") == again.said("reference") == russian.said("reference")
    assert len(asked_for(demo_database)) == 1


@pytest.mark.parametrize("known", [False, True], ids=["nobody", "a customer"])
def test_the_same_form_again_is_the_same_request(english, demo_database, known):
    if known:
        identified(english)
    form = english.open("/human")
    first, second = (english.submit(form, "submit", phone="03-555 0100", topic="fault", when="soon") for _n in range(2))
    assert first.heading == second.heading == "We will call you"
    (row,) = asked_for(demo_database)
    assert row.reference in first.said("reference")
    assert row.reference in second.said("reference")
    english.submit(form, "submit", phone="03-555 0100", topic="bill", when="soon")
    assert len(asked_for(demo_database)) == 2


def test_what_was_asked_to_be_called_is_shown_to_nobody_else(english, new_portal):
    asked = english.submit(english.open("/human"), "submit", phone="03-612 3456", topic="fault", when="soon")
    assert "03-612-3456" in asked.text
    stranger = new_portal().open("/human/callback")
    assert stranger.path == "/human"
    assert "612-3456" not in stranger.text


def test_what_was_asked_to_be_called_is_shown_for_ten_minutes(english):
    english.submit(english.open("/human"), "submit", phone="03-555 0100", topic="fault", when="soon")
    english.post("/sandbox/clock", json={"advance_seconds": 601})
    assert english.open("/human/callback").path == "/human"


def test_whoever_asks_again_later_is_called_again(english, demo_database):
    form = english.open("/human")
    for minutes in (0, 4, 11):
        english.post("/sandbox/clock", json={"advance_seconds": minutes * 60})
        english.submit(form, "submit", phone="03-555 0100", topic="fault", when="soon")
    assert len(asked_for(demo_database)) == 2


def asked_for(database) -> list[Row]:
    with database.read() as reader:
        return list(reader.all(CALLBACKS))


def test_a_number_that_cannot_be_called_is_refused_and_kept_as_typed(english, demo_database):
    page = english.submit(english.open("/human"), "submit", phone="12", topic="bill", when="soon")
    assert page.has("error")
    assert page.at("phone").get("value") == "12"
    with demo_database.read() as reader:
        assert reader.all(CALLBACKS) == []


@pytest.mark.parametrize(("path", "typed"), [("/human", {"phone": "12"}), ("/identify", {"phone": "12"})], ids=["an action", "identifying"])
def test_a_page_that_refuses_says_so_in_its_title(english, path, typed):
    page = english.open(path)
    refused = english.submit(page, "submit", **typed)
    assert refused.has("error")
    assert refused.tree.findtext("head/title") == "Error: " + page.tree.findtext("head/title")


def test_whoever_is_known_does_not_start_from_zero(english, demo_database):
    identified(english)
    page = english.open("/human")
    assert page.at("phone").get("value") == "050-234-5678"
    english.submit(page, "submit", topic="bill", when="soon")
    with demo_database.read() as reader:
        (row,) = reader.all(CALLBACKS)
    assert row.customer_id == "1001"


def the_payment(database) -> payments.Known:
    with database.read() as reader:
        (row,) = reader.all(PAYMENTS)
        found = payments.find(reader, row.id)
    assert found
    return found


def approve(english: Client, demo_database, state: str = "success") -> None:
    """The provider's verified word, as its hook would bring it."""
    paid = the_payment(demo_database)
    journey.settle(english.app.state.portal, "sandbox", Heard(f"notice-{paid.id}", paid.id, paid.reference, state, paid.charge))


def turn_of(page: Page) -> str:
    return str(page.form("submit").xpath("string(.//*[@name='turn']/@value)"))


def paying(english: Client):
    """From the Pay step to the provider's page; what came back is not followed."""
    page = english.open("/actions/pay-balance")
    turn = turn_of(page)
    return page, english.post("/actions/pay-balance", data={"turn": turn, "reply": "pay"}, follow_redirects=False)


def test_the_balance_is_paid_and_the_saving_is_on_the_receipt(english, demo_database):
    identified(english)
    page, sent = paying(english)
    assert page.said("amount-due") == "₪218.26"
    assert page.said("saving") == "₪11.49"
    assert sent.status_code == 303
    assert "/sandbox/pay/" in sent.headers["location"]
    opened = the_payment(demo_database)
    approve(english, demo_database)
    with demo_database.read() as reader:
        assert {(row.kind, row.amount) for row in reader.all(PAID, payment_id=opened.id)} == {
            ("payment", -21826), ("saving", -1149), ("fee", 1990), ("waiver", -1990),
        }  # fmt: skip
    assert english.open("/actions/pay-balance").heading == "You owe nothing"


def test_the_page_that_the_customer_comes_back_to_waits_and_then_is_the_receipt(english, demo_database):
    identified(english)
    paying(english)
    back = f"/actions/pay-balance?journey={the_payment(demo_database).journey_id}&returned=1"
    assert "waiting" in english.open(back).heading
    approve(english, demo_database)
    receipt = english.open(back)
    assert receipt.heading == "Paid. Thank you."
    assert receipt.said("waived") == "₪19.90"
    assert english.get(receipt.at("view-receipt").get("href")).content.startswith(b"%PDF-")


@pytest.mark.parametrize("repeated", [True, False], ids=["the notice is repeated", "the customer comes back"])
def test_a_journey_that_was_not_told_of_its_payment_catches_up(english, demo_database, repeated):
    """Whoever heard the notice was killed between the ledger and the journey."""
    identified(english)
    paying(english)
    known = the_payment(demo_database)
    heard = Heard("notice", known.id, known.reference, "success", known.charge)
    with demo_database.write() as tx:
        payments.hear(tx, "sandbox", heard)
    if repeated:
        journey.settle(english.app.state.portal, "sandbox", heard)
        with demo_database.read() as reader:
            assert [row.channel for row in reader.all(RECEIPTS)] == ["sms"]
    assert english.open(f"/actions/pay-balance?journey={known.journey_id}&returned=1").heading == "Paid. Thank you."


@pytest.mark.parametrize(
    ("credit", "left", "way_on"), [(10000, "₪129.75", True), (80000, "Nothing, it is paid. Thank you.", False)], ids=["a part", "all"]
)
def test_what_the_customers_credit_covers_is_not_asked_for(english, demo_database, credit, left, way_on):
    identified(english)
    with demo_database.write() as tx:
        ledger.append(tx, "1001", [Entry("payment", ils(-credit))])
    page = english.open("/actions/last-invoice")
    assert (page.said("amount"), page.said("amount-due"), page.has("action-pay-balance")) == ("₪229.75", left, way_on)
    assert english.open("/actions/pay-balance").has("amount-due") == way_on
    asked_for = "Stilltopay" in "".join(plain(english.get(page.at("view").get("href")).content))
    assert asked_for == way_on


def test_another_language_keeps_that_somebody_comes_from_paying(english, demo_database):
    identified(english)
    paying(english)
    page = english.open(f"/actions/pay-balance?journey={the_payment(demo_database).journey_id}&returned=1")
    ways = [link.get("href") for link in page.tree.iter("a") if "lang=ru" in (link.get("href") or "")]
    assert ways
    assert all(english.open(way).has("check-again") for way in ways)


def test_nobody_who_is_in_is_told_goodbye(english):
    identified(english)
    left = english.submit(english.open("/"), "leave")
    assert "Goodbye" in left.text
    identified(english)
    assert "Goodbye" not in english.open(left.path).text


def test_a_form_that_leads_to_a_document_opens_it_where_scripts_would_show_its_bytes(english):
    identified(english)
    link = english.open("/actions/last-invoice").at("view").get("href")
    answered = english.get(link, headers={"HX-Request": "true"})
    assert (answered.content, answered.headers["hx-redirect"]) == (b"", link)
    assert english.get(link).content.startswith(b"%PDF-")


def test_what_asks_nothing_is_one_journey_however_often_it_is_looked_at(english, demo_database):
    identified(english)
    paying(english)
    approve(english, demo_database)
    for _look in range(3):
        assert english.open("/actions/pay-balance").heading == "You owe nothing"
    english.head("/actions/pay-balance")
    with demo_database.read() as reader:
        told = [tuple(row) for row in reader.all(EVENTS)]
    assert told.count(("pay-balance", "start", "done", "")) == 1


def test_a_declined_payment_says_that_no_money_was_taken_and_keeps_the_offer(english, demo_database):
    identified(english)
    paying(english)
    approve(english, demo_database, "failed")
    page = english.open("/actions/pay-balance")
    assert "No money was taken" in page.said("error")
    assert page.said("amount-due") == "₪218.26"


def test_a_stale_tab_gets_the_current_step_and_changes_nothing(english, demo_database):
    identified(english, DANIEL)
    first = english.open("/actions/pay-balance")
    turn = turn_of(first)
    english.submit(first, "change")
    late = english.post("/actions/pay-balance", data={"turn": turn, "reply": "pay"}, follow_redirects=True)
    assert "What would you like to pay?" in late.text
    with demo_database.read() as reader:
        assert reader.all(PAYMENTS) == []


def test_a_page_that_a_new_bill_has_overtaken_pays_nothing_and_says_so(english, demo_database):
    identified(english)
    page = english.open("/actions/pay-balance")
    assert page.said("amount-due") == "₪218.26"
    billed(demo_database, "1001", 50000)
    late = english.submit(page, "submit")
    assert "No money was taken" in late.said("error")
    assert late.said("amount-due") == "₪699.75"
    with demo_database.read() as reader:
        assert reader.all(PAYMENTS) == []
    english.submit(late, "submit")  # what is shown now may be paid
    assert the_payment(demo_database).charge == ils(69975)


def test_a_page_of_a_journey_that_ended_does_not_pay_the_next_ones_sum(english, demo_database):
    identified(english, DANIEL)
    old = english.open("/actions/pay-balance")
    owed = old.said("amount-due")
    choosing = english.submit(english.open("/actions/pay-balance"), "change")
    one = english.submit(choosing, next(testid for testid in choosing.testids if testid.startswith("choice-bill:")))
    english.submit(one, "submit")
    approve(english, demo_database)
    late = english.submit(old, "submit")
    assert "Nothing more was taken" in late.said("error")
    assert late.said("paid") != owed, "the receipt of what was paid"
    assert the_payment(demo_database).state is payments.State.SUCCESS  # and there is no other


def test_who_would_pay_another_amount_may_still_pay_all_of_it(english):
    identified(english)
    page = english.submit(english.submit(english.open("/actions/pay-balance"), "change"), "choice-other")
    assert english.submit(page, "choice-all:ILS").said("amount-due") == "₪218.26"


@pytest.mark.parametrize(
    ("phone", "what"), [(RUTH, r"On account of invoice \d{6}-1001"), (DANIEL, r"On account of invoices \d{6}-1002, \d{6}-1002")]
)
def test_the_receipt_of_a_part_does_not_read_as_if_all_were_paid(english, demo_database, phone, what):
    identified(english, phone)
    asked = english.open("/actions/pay-balance")
    page = english.submit(english.submit(asked, "change"), "choice-other")
    english.submit(english.submit(page, "submit", amount="50"), "submit")
    approve(english, demo_database)
    receipt = english.get(f"/receipts/{the_payment(demo_database).id}.pdf")
    (line, *_paid) = next(elements(receipt.content).all("TBody")).all("TR")
    assert re.fullmatch(what.replace(" ", "") + "₪50.00", "".join(cell.text for cell in line.children))


def test_home_offers_a_known_customer_only_what_they_would_get(english, demo_database):
    offered = english.open("/").all("incentive")
    page = identified(english)
    assert len(page.all("incentive")) == len(offered) > 1, "nothing of it was used"
    paying(english)
    approve(english, demo_database)
    assert english.open("/actions/pay-balance").heading == "You owe nothing"
    assert not english.open("/").has("incentive"), "nothing is owed"
    billed(demo_database, "1001", 10000)
    (fee,) = english.open("/").all("incentive")
    assert "fee" in "".join(fee.itertext()), "the first payment was made"


def test_an_offer_speaks_the_readers_language_whoever_read_it_first(english, demo_database):
    identified(english)
    english.open("/?lang=he")
    paying(english)
    approve(english, demo_database, "failed")
    english.open("/actions/pay-balance")
    page = english.open("/actions/pay-balance?lang=ru")
    assert "5%" in page.text
    assert "הנחה" not in page.text


def test_a_double_tap_sends_the_invoice_once(english, demo_database):
    page = identified(english, RUTH, "/actions/last-invoice")
    for _tap in range(2):
        assert english.submit(page, "choice-email").heading == "The invoice is on its way"
    with demo_database.read() as reader:
        assert len(reader.all(MAILED)) == 1


def test_taps_at_one_moment_end_the_journey_once(english, demo_database):
    """Both have read it before either ends it."""
    identified(english, RUTH, "/actions/last-invoice")
    portal = english.app.state.portal
    with demo_database.read() as reader:
        who = party.customer(reader, "1001", Proof.CODE, Language.EN, Origin("web"), "customer:1001")
    shown = journey.show(portal, "last-invoice", who)
    sent = shown.action.steps["send"](stored.case(portal, shown.action, who), Reply("email", {}))
    first, second = (stored.go_on(portal, who, shown, "send", sent) for _tap in range(2))
    assert (second.journey_id, second.step) == (first.journey_id, first.step)
    with demo_database.read() as reader:
        assert len(reader.all(MAILED)) == 1


def test_two_tabs_that_open_an_action_at_one_moment_begin_one_journey_and_are_counted_once(english, demo_database):
    """Neither found one before either began it."""
    identified(english, RUTH, "/")
    portal = english.app.state.portal
    with demo_database.read() as reader:
        who = party.customer(reader, "1001", Proof.CODE, Language.EN, Origin("web"), "customer:1001")
    action = portal.actions["last-invoice"]
    step = action.steps["start"](stored.case(portal, action, who))
    first, second = (stored.begin(portal, action, who, step) for _tab in range(2))
    assert (second.journey_id, second.step) == (first.journey_id, first.step)
    with demo_database.read() as reader:
        assert [row.journey_id for row in reader.all(STARTS, action="last-invoice")] == [first.journey_id]


def test_a_payment_that_is_taken_before_its_page_is_known_shows_the_receipt(new_portal, demo_database):
    quick = Quick()
    portal = new_portal(payments=quick)
    quick.portal = portal.app.state.portal
    portal.open("/?lang=en")
    identified(portal)
    assert portal.submit(portal.open("/actions/pay-balance"), "submit").heading == "Paid. Thank you."


def billed(database, customer_id: str, amount: int) -> None:
    with database.write() as tx:
        tx.run(INVOICE, customer_id=customer_id, number="NEW-1", kind="invoice", issued="2026-11-20", currency="ILS", total=amount)
        ledger.append(tx, customer_id, [Entry("opening", ils(amount), "NEW-1")])


class Silent:
    """A provider that does not answer."""

    name, form_action = "sandbox", ""

    def begin(self, order):
        raise TryAgain("no answer in 5 s")

    def ask(self, reference):
        raise TryAgain("no answer in 5 s")

    def expire(self, reference):
        raise TryAgain("no answer in 5 s")

    def hear(self, headers, body):
        return None


class Quick(Silent):
    """A provider whose word comes before its answer."""

    portal: Portal

    def begin(self, order):
        journey.settle(self.portal, self.name, Heard("quick", order.payment_id, "ref", "success", order.charge))
        return PaymentPage("ref", "https://pay.example/ref")


def test_a_provider_that_hangs_costs_a_sentence_and_keeps_the_key(new_portal, demo_database):
    portal = new_portal(payments=Silent())
    portal.open("/?lang=en")
    identified(portal)
    for _try in range(2):
        _page, answer = paying(portal)
        assert answer.status_code == 422  # a 5xx would be this process's own
        assert "No money was taken" in answer.text
    with demo_database.read() as reader:
        assert [row.state for row in reader.all(PAYMENTS)] == ["created"]


def test_with_an_id_number_nothing_personal_is_shown_and_a_code_is_offered_in_place(english):
    page = english.submit(english.open("/identify?next=/actions/last-invoice"), "submit-id", id_number="000000018")
    assert page.heading == "Where should we send it?"
    assert page.has("step-up")
    assert "229.7" not in page.text
    assert "רות" not in page.text


def test_with_an_id_number_the_link_comes_to_the_mobile_on_file_and_lets_in(english, new_portal):
    page = english.submit(english.open("/identify?next=/actions/last-invoice"), "submit-id", id_number="000000018")
    english.submit(page, "choice-sms")
    deadline = monotonic() + 60
    while not (sent := english.messages(RUTH)) and monotonic() < deadline:
        sleep(0.02)
    path = re.findall(r"/l/\S+", sent[0]["body"])[0]
    telephone = new_portal()
    telephone.open("/?lang=en")
    opened = telephone.open(path)
    assert telephone.submit(opened, "submit").heading == "Your last invoice"
    again = telephone.get(path)
    assert again.status_code == 410


def test_with_an_id_number_the_home_page_offers_the_code_too(english):
    page = english.submit(english.open("/identify"), "submit-id", id_number="000000018")
    assert page.path == "/"
    assert english.submit(page, "step-up").has("code")


def test_whoever_has_to_identify_comes_back_to_the_very_page(english):
    asked = english.get("/actions/pay-balance?journey=abc&returned=1", follow_redirects=False)
    assert asked.headers["location"] == "/identify?next=/actions/pay-balance%3Fjourney%3Dabc%26returned%3D1"
    assert (
        english.open(asked.headers["location"]).at("phone").xpath("string(ancestor::form//*[@name='next']/@value)").endswith("&returned=1")
    )
