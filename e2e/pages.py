"""The pages, by what a person can do on them. What they are found by is their data-testids: the promise of CONTRACT.md.

A page is made when the visitor comes to it: making it waits for its sign, and looks it over (visitor.py).
"""

from e2e.telephone import Telephone
from e2e.visitor import TOO_MANY, Visitor


class Place:
    """What is on every page."""

    name = ""
    sign = ""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        visitor.arrives(self.name, self.sign)

    @property
    def heading(self) -> str:
        return " ".join(self.visitor.page.locator("h1").inner_text().split())

    @property
    def error(self) -> str:
        return self.visitor.reads("error")

    def ways_to_a_person(self) -> list[str]:
        """Opens the human bar: what is offered there."""
        self.visitor.taps_on(self.visitor.at("human").locator("summary"))
        return [str(way.get_attribute("data-testid")) for way in self.visitor.at("human").get_by_role("link").all()]

    def switch_to(self, language: str) -> None:
        self.visitor.taps_on(self.visitor.page.locator(".languages summary"))
        self.visitor.taps_on(self.visitor.page.locator(f".languages a[hreflang={language}]"))


class Home(Place):
    name, sign = "home", "action-last-invoice"

    @classmethod
    def opened_by(cls, visitor: Visitor) -> "Home":
        visitor.goes_to("/")
        return cls(visitor)

    def choose(self, slug: str) -> None:
        self.visitor.taps_on(f"action-{slug}")


class Identify(Place):
    name, sign = "identify", "phone"

    def by_phone(self, number: str) -> None:
        self.visitor.types("phone", number)
        self.visitor.taps_on("submit")

    @property
    def number(self) -> str:
        """As it stands in the field."""
        return self.visitor.sees("phone").input_value()

    def by_id_number(self, number: str) -> None:
        if not self.visitor.at("id-number").is_visible():
            self.visitor.taps_on(self.visitor.page.locator("details.more > summary"))
        self.visitor.types("id-number", number)
        self.visitor.taps_on("submit-id")


class Code(Place):
    name, sign = "code", "code"

    def __init__(self, visitor: Visitor) -> None:
        visitor.waits_for_a_code()
        super().__init__(visitor)

    def arrives_on(self, telephone: Telephone) -> None:
        """The phone fills the code in; with scripts it is sent by itself."""
        self.visitor.gets_filled_in("code", telephone.code())
        if not self.visitor.way.javascript:
            self.visitor.taps_on("submit")

    def mend(self) -> None:
        """Back to the number that was typed."""
        self.visitor.taps_on(self.visitor.page.locator("details.more > summary"))
        self.visitor.taps_on("start-again")

    def type(self, code: str) -> None:
        self.visitor.types("code", code)
        if not self.visitor.way.javascript or len(code) != 6:
            self.visitor.taps_on("submit")


class Invoice(Place):
    """The last invoice, seen by who proved the number."""

    name, sign = "last-invoice", "view"

    @property
    def amount(self) -> str:
        return self.visitor.reads("amount")

    @property
    def number(self) -> str:
        return self.visitor.reads("number")

    @property
    def document(self) -> str:
        """Where its PDF is."""
        return str(self.visitor.sees("view").get_attribute("href"))

    def send_to_my_email(self) -> None:
        self.visitor.taps_on("choice-email")


class OnFile(Place):
    """At level 1: things go to the contact on file, and nothing is shown."""

    name, sign = "on-file", "step-up"

    def by_sms(self) -> None:
        self.visitor.taps_on("choice-sms")

    def see_it_here(self) -> None:
        self.visitor.taps_on("step-up")


class Texted(Place):
    """A link that was texted: opened, it waits for Continue."""

    name, sign = "link", "submit"

    def go_on(self) -> None:
        self.visitor.taps_on("submit")


class Outcome(Place):
    """What was done."""

    name, sign = "outcome", "home"


class Pay(Place):
    name, sign = "pay", "amount-due"

    @property
    def due(self) -> str:
        return self.visitor.reads("amount-due")

    def go_on(self) -> None:
        self.visitor.taps_on("submit")


class Provider(Place):
    """The sandbox's payment provider."""

    name, sign = "provider", "approve"

    def decide(self, decision: str, notice: str = "now") -> None:
        if notice != "now":
            self.visitor.taps_on(f"notice-{notice}")
        self.visitor.taps_on(decision)


class Receipt(Place):
    name, sign = "receipt", "receipt"

    @property
    def document(self) -> str:
        return str(self.visitor.sees("view-receipt").get_attribute("href"))


class Human(Place):
    """The ways to a person."""

    name, sign = "human", "topic"

    def call_me(self, number: str, topic: str = "bill", when: str = "soon") -> None:
        self.visitor.types("phone", number)
        self.visitor.at("topic").select_option(topic)
        self.visitor.at("when").select_option(when)
        self.visitor.taps_on("submit")


class Unseen(Place):
    """The company's bills cannot be seen now: what can be done meanwhile."""

    name, sign = "bills-unseen", "back"

    @property
    def status(self) -> str | None:
        return self.visitor.sees("error").get_attribute("data-status")

    def pay_by_number(self) -> None:
        self.visitor.taps_on("action-pay-balance")


class PayByNumber(Place):
    name, sign = "pay-by-number", "number"

    @property
    def number(self) -> str:
        return self.visitor.sees("number").input_value()

    def go_on(self, number: str, amount: str) -> None:
        self.visitor.types("number", number)
        self.visitor.types("amount", amount)
        self.visitor.taps_on("submit")


def identified(visitor: Visitor, telephone: Telephone, action: str) -> None:
    """At the action, for stories that begin there: the forms are sent without their pages, which other stories walk through."""
    then = f"/actions/{action}"
    if visitor.sends("/identify/phone", phone=telephone.as_typed, next=then) == TOO_MANY:
        telephone.gets_no_more_codes("it has been asked for too many")
    visitor.sends("/identify/code", code=telephone.code(), next=then)
    visitor.goes_to(then)
