"""A journey as it is kept: the pending step with its turn, and the events of what changed it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from portal.core import callbacks, effects, incentives, party, receipts
from portal.core.case import Action, Case, Offer, Proof, Reply
from portal.core.errors import NotFound, Refused
from portal.core.events import note
from portal.core.journey.rows import BEGIN, GO_ON, OWN, PENDING, RENEW
from portal.core.keys import name
from portal.core.languages import _, moment
from portal.core.money import Money
from portal.core.party import Party
from portal.core.portal import Portal
from portal.core.spans import MINUTE_MS
from portal.core.statements import Reader, Row, Writer
from portal.core.steps import STEPS, Ask, Attachment, Done, Handoff, Pay, Refusal, Step

# A step that waited longer was made of figures that may no longer hold.
STALE_MS = 30 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Shown:
    """What a channel shows. `refusal`: why the last reply was not taken; `waiting`: the payment provider has the customer."""

    action: Action
    journey_id: str
    turn: int
    step: Step
    refusal: Refusal | None = None
    waiting: bool = False

    @property
    def ended(self) -> bool:
        return isinstance(self.step, Done | Handoff)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The customer goes on at the payment provider's page."""

    url: str


def find(portal: Portal, action: Action, who: Party, journey_id: str = "") -> Row | None:
    """The open journey of this party, or the one it names; somebody else's is not found."""
    if not who.subject:
        return None
    with portal.db.read() as reader:
        if not journey_id:
            return reader.one(PENDING, subject=who.subject, action=action.slug)
        row = _theirs(reader, action, who, journey_id)
    if row is None:
        raise NotFound(journey_id)
    return row


def _theirs(reader: Reader, action: Action, who: Party, journey_id: str) -> Row | None:
    proved = who.customer_id if who.proof is Proof.CODE else None
    return reader.one(OWN, subject=who.subject, action=action.slug, id=journey_id, proved=proved)


def case(portal: Portal, action: Action, who: Party) -> Case:
    def offers(owed: Money) -> tuple[Offer, ...]:
        if who.customer_id is None:
            return ()
        with portal.db.read() as reader:
            return incentives.quote(reader, who.customer_id, action.slug, owed)

    def paid_lately() -> tuple[Attachment, ...]:
        if who.customer_id is None or who.proof is not Proof.CODE:
            return ()
        with portal.db.read() as reader:
            return receipts.lately(reader, who.customer_id, portal.company.zone)

    now = moment(who.at, portal.company.zone)
    number = partial(callbacks.number, portal, who)
    return Case(who.person, who.proof, who.fresh, who.language, now, portal.company, portal.billing, offers, paid_lately, number)


def begin(portal: Portal, action: Action, who: Party, step: Step) -> Shown:
    """A new journey; where another tab was quicker, that one's."""
    id = _named(portal, who, action, step)
    with portal.db.write() as tx:
        begun = _insert(tx, id, who, action, step, _first(step))
        if begun:
            _note(tx, action.slug, who, id, "start", step)
            effects.carry_out(portal, tx, who, id, 1, step)
    if begun or _ended(step):
        return Shown(action, id, 1, step)
    row = find(portal, action, who)
    return of(portal, action, who, row) if row else begin(portal, action, who, step)  # that one has ended already


def _named(portal: Portal, who: Party, action: Action, step: Step) -> str:
    """What asks nothing is one journey in a visit, however often it is looked at."""
    if not _ended(step):
        return name()
    return portal.keys.pseudonym("journey", "\n".join((who.subject, who.visit_id, action.slug, STEPS.dump(step))))[:16]


def renew(portal: Portal, action: Action, who: Party, row: Row, step: Step) -> Shown:
    """At its first step again: what is owed may have changed since it was shown. In another visit it is begun once more."""
    stored, once_more = _first(step), row.visit_id != who.visit_id
    # A reply to a question must not be taken for one to a payment, or the other way round.
    on = 0 if row.turn == 1 and bool(stored) == bool(row.step) else 1
    if stored == row.step and not once_more:
        return Shown(action, row.id, row.turn, step)
    with portal.db.write() as tx:
        renewed = tx.run(
            RENEW, id_=row.id, turn_=row.turn, on_=on, step_=stored, ended_=_ended(step), visit_id_=who.visit_id,
            channel_=who.origin.channel, source_=who.origin.source, language_=who.language.value,
        )  # fmt: skip
        if renewed and (once_more or _ended(step)):
            _note(tx, action.slug, who, row.id, "start", step)
            effects.carry_out(portal, tx, who, row.id, row.turn + on, step)
    return Shown(action, row.id, row.turn + on, step) if renewed else named(portal, action, who, row.id)


def go_on(portal: Portal, who: Party, shown: Shown, function: str, step: Step, reason: str = "") -> Shown:
    """On to the next step; where another tab was quicker, to that one's."""
    with portal.db.write() as tx:
        kept = keep(portal, tx, who, shown, function, step, reason)
    return kept or named(portal, shown.action, who, shown.journey_id)


def keep(portal: Portal, tx: Writer, who: Party, shown: Shown, function: str, step: Step, reason: str = "") -> Shown | None:
    """Store the step that `function` gave, note it, and carry out what it causes. None: the turn was taken already."""
    id = shown.journey_id or name()
    if shown.journey_id:
        kept = tx.run(GO_ON, id_=id, turn_=shown.turn, on_=1, step_=STEPS.dump(step), ended_=_ended(step))
    else:  # nobody is identified: the journey is kept only now, for whoever takes it over
        kept = _insert(tx, id, party.only(who, id), shown.action, step, STEPS.dump(step))
    if not kept:
        return None
    _note(tx, shown.action.slug, who, id, function, step, reason)
    effects.carry_out(portal, tx, who, id, shown.turn + 1, step)
    return Shown(shown.action, id, shown.turn + 1, step)


def _insert(tx: Writer, id: str, who: Party, action: Action, step: Step, stored: str) -> int:
    return tx.run(
        BEGIN, id=id, subject=who.subject, customer_id=who.customer_id, action=action.slug, level=int(who.proof), turn=1,
        step=stored, channel=who.origin.channel, source=who.origin.source, visit_id=who.visit_id,
        language=who.language.value, ended=_ended(step),
    )  # fmt: skip


def _first(step: Step) -> str:
    """A first question is not stored: what it tells may have changed when it is shown again, so that it is asked anew."""
    return "" if isinstance(step, Ask) else STEPS.dump(step)


def of(portal: Portal, action: Action, who: Party, row: Row) -> Shown:
    step = STEPS.load(row.step) if row.step else action.steps["start"](case(portal, action, who))
    return Shown(action, row.id, row.turn, step)


def named(portal: Portal, action: Action, who: Party, journey_id: str) -> Shown:
    """What another request made of that one, ended or not."""
    row = find(portal, action, who, journey_id)
    assert row
    return of(portal, action, who, row)


def ended(portal: Portal, action: Action, who: Party, journey_id: str) -> Shown | None:
    """How that journey of theirs ended, if it has."""
    if not journey_id or not who.subject:
        return None
    with portal.db.read() as reader:
        row = _theirs(reader, action, who, journey_id)
    return of(portal, action, who, row) if row and row.ended_at else None


def refuse(portal: Portal, who: Party, shown: Shown, refused: Refused, said: Reply) -> Shown:
    with portal.db.write() as tx:
        note(
            tx, who.origin, _waits_for(shown.step), "refused", reason=refused.id, action=shown.action.slug,
            customer_id=who.customer_id, visit_id=who.visit_id, journey_id=shown.journey_id,
        )  # fmt: skip
    return replace(shown, refusal=Refusal(refused.id, refused.text, refused.field, dict(said.fields), refused.status))


def out_of_date(shown: Shown) -> Shown:
    """For whoever pressed Pay on a page that another tab, or a new bill, has overtaken."""
    said = _("This page was no longer up to date. No money was taken: check what is to pay now.")
    return replace(shown, refusal=Refusal("out_of_date", said, status=409))


def _note(tx: Writer, slug: str, who: Party, journey_id: str, function: str, step: Step, reason: str = "") -> None:
    match step:
        case Ask(goal=True) | Done():
            outcome = "done"
        case Ask():
            outcome = "asked"
        case Pay():
            outcome = "to pay"
        case Handoff():
            outcome = "handed over"
        case _:
            assert_never(step)
    note(
        tx, who.origin, function, outcome, reason=reason, action=slug,
        customer_id=who.customer_id, visit_id=who.visit_id, journey_id=journey_id,
    )  # fmt: skip


def _waits_for(step: Step) -> str:
    return step.next if isinstance(step, Ask | Pay) else ""


def _ended(step: Step) -> int | None:
    return 1 if isinstance(step, Done | Handoff) else None
