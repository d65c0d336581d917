"""A call as Twilio makes it: it asks what to say once somebody answers, says it, and waits for keys."""

from typing import Any
from xml.etree import ElementTree

VERBS = {"Say", "Pause", "Gather", "Hangup"}
LANGUAGES = {"he-IL", "ar-XA", "en-GB", "ru-RU"}


def ring(fake: Any, taken: dict[str, Any]) -> None:
    answering = fake.answering.get(taken["To"], "1")
    if answering in ("busy", "no-answer"):
        return _end(fake, taken, answering)
    taken["status"] = "in-progress"
    keys, url, pressed = list(answering), taken["Url"], ""
    while url:
        form = {**_form(fake, taken), **({"Digits": pressed, "msg": "Gather End"} if pressed else {})}
        url = _said(taken, fake.hooks.tell(url, list(form.items())))
        pressed = keys.pop(0) if keys else ""
        if not pressed:
            break
    _end(fake, taken, "completed")


def _form(fake: Any, taken: dict[str, Any]) -> dict[str, str]:
    return {
        "CallSid": taken["sid"], "AccountSid": fake.account, "From": taken["From"], "To": taken["To"], "Caller": taken["From"],
        "Called": taken["To"], "CallStatus": taken["status"], "Direction": "outbound-api", "ApiVersion": "2010-04-01",
    }  # fmt: skip


def _said(taken: dict[str, Any], twiml: str) -> str:
    """Says it; where a key may be pressed, the address to tell it to."""
    try:
        root = ElementTree.fromstring(twiml)
    except ElementTree.ParseError:
        taken["problems"].append("12100: no XML")
        return ""
    action = ""
    for verb in list(root.iter())[1:]:
        if verb.tag not in VERBS:
            taken["problems"].append(f"12200: <{verb.tag}>")
        if verb.tag == "Gather":
            action = verb.get("action", "")
        if verb.tag == "Say":
            language, voice = verb.get("language", ""), verb.get("voice", "")
            if language not in LANGUAGES or not voice.startswith(f"Google.{language}-"):
                taken["problems"].append(f"13520: {voice} in {language}")
            taken["spoken"].append(verb.text or "")
            taken["language"] = language
    return action


def _end(fake: Any, taken: dict[str, Any], status: str) -> None:
    taken["status"] = status
    if fake.tell and "StatusCallback" in taken:
        fake.hooks.tell(taken["StatusCallback"], [*_form(fake, taken).items(), ("CallDuration", "12")])
