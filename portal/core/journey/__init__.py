"""One customer going through one action: start, reply, settle.

The pending step is stored on the journey, so that a refresh, a change of channel and an agent's takeover all show the
same screen. Each reply names the turn it answers; a stale one gets the current step. Actions decide outside any
transaction; what they said is stored, noted and sent in one.
"""

from portal.core.case import Action, Reply
from portal.core.errors import NotFound, ProofNeeded, Refused, Unexpected
from portal.core.journey import guesses, paying, stored
from portal.core.journey.outcomes import caught_up, settle
from portal.core.journey.stored import Elsewhere, Shown
from portal.core.party import Party
from portal.core.portal import Portal
from portal.core.steps import Ask, Pay, Step


def show(portal: Portal, slug: str, who: Party, journey_id: str = "") -> Shown:
    """The pending step, or the first one; with `journey_id` the last step of that journey, ended or not."""
    action = _action(portal, slug, who)
    row = stored.find(portal, action, who, journey_id) if who.subject else None
    if row is not None and (shown := caught_up(portal, action, who, row)):
        gone_on = shown.turn > 1 and (shown.turn != row.turn or row.age < stored.STALE_MS)
        if shown.waiting or shown.ended or gone_on:
            return shown
    if row is not None and row.subject != who.subject:
        raise NotFound(journey_id)  # begun with their ID number alone, by whoever knows it: nothing that they see now is put into it
    step = action.steps["start"](stored.case(portal, action, who))
    if not who.subject:
        return Shown(action, "", 0, step)
    return stored.begin(portal, action, who, step) if row is None else stored.renew(portal, action, who, row, step)


def reply(
    portal: Portal, slug: str, who: Party, turn: int, said: Reply, *, journey_id: str = "", mark: str = ""
) -> Shown | Elsewhere:  # fmt: skip
    """Answers the pending `Ask`, or opens a payment for the pending `Pay`. A stale turn gets the current step, and so does the `mark` of
    another sum: turns begin again with each journey, and what is owed may change within one. What was asked of a journey that ended
    meanwhile gets its end: a double tap asks once."""
    if said.value != "pay" and (ended := stored.ended(portal, _action(portal, slug, who), who, journey_id)):
        return ended
    # Whoever says that they paid may have begun with their ID number, and proved more since: it is asked about that payment.
    shown = show(portal, slug, who, journey_id if said.value == "check" else "")
    if shown.turn != turn or shown.ended or not _is_of(shown.step, mark):
        return _pressed_late(portal, who, shown, journey_id) if said.value == "pay" else shown
    _only_asked_for(shown.step, said)
    try:
        match shown.step:
            case Ask(next=function):
                return _answered(portal, who, shown, function, said)
            case Pay() as step if said.value == "pay":
                return paying.pay(portal, who, shown, step)
            case Pay() if said.value == "check" and shown.waiting:
                return paying.asked(portal, who, shown)
            case Pay(back=function) if function and said.value == "change":
                return _answered(portal, who, shown, function, said)
            case _:
                return shown
    except Refused as refused:
        return stored.refuse(portal, who, shown, refused, said)


def _pressed_late(portal: Portal, who: Party, shown: Shown, journey_id: str) -> Shown:
    """Pay, on a page that was overtaken: by a payment, whose receipt is shown, or by another step."""
    ended = stored.ended(portal, shown.action, who, journey_id)
    receipt = paying.arrived(ended) if ended else None
    return receipt or (shown if shown.ended else stored.out_of_date(shown))


def _action(portal: Portal, slug: str, who: Party) -> Action:
    action = portal.actions.get(slug)
    if action is None:
        raise NotFound(slug)
    if who.proof < action.proof:
        raise ProofNeeded(slug)
    return action


def _is_of(step: Step, mark: str) -> bool:
    return not mark or (isinstance(step, Pay) and step.settlement.mark == mark)


def _only_asked_for(step: Step, said: Reply) -> None:
    asked = {field.name for field in step.fields} if isinstance(step, Ask) else set()
    if set(said.fields) - asked:
        raise Unexpected(", ".join(sorted(set(said.fields) - asked)))


def _answered(portal: Portal, who: Party, shown: Shown, function: str, said: Reply) -> Shown:
    with guesses.counted(portal, who, shown.action, function):
        step = shown.action.steps[function](stored.case(portal, shown.action, who), said)
    return stored.go_on(portal, who, shown, function, step)


__all__ = ["Elsewhere", "Shown", "reply", "settle", "show"]
