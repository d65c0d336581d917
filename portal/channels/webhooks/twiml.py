"""What a call says, as TwiML (twilio.com/docs/voice/twiml)."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from portal.core.languages import Language

# Of the voices that Twilio has (twilio.com/docs/voice/twiml/say/text-speech), a woman's of the same maker in each language.
VOICES = {
    Language.HE: ("he-IL", "Google.he-IL-Wavenet-A"),
    Language.AR: ("ar-XA", "Google.ar-XA-Wavenet-A"),
    Language.EN: ("en-GB", "Google.en-GB-Wavenet-A"),
    Language.RU: ("ru-RU", "Google.ru-RU-Wavenet-A"),
}
KEY_SECONDS = 8
PAUSE = '<Pause length="1"/>'


def answer(*verbs: str) -> Response:
    """Without verbs: nothing is answered, and a call is hung up."""
    return Response(f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>', media_type="text/xml")


def say(language: Language, lines: Iterable[str]) -> str:
    """A second after each line; a line of digits is said one by one, with a second after each, to be written down."""
    spoken, voice = VOICES[language]
    parts = [part for line in lines for part in (line.split() if line.replace(" ", "").isdigit() else [line])]
    return "".join(f'<Say language="{spoken}" voice="{voice}">{escape(part)}</Say>{PAUSE}' for part in parts)


def until_a_key(url: str, said: str) -> str:
    """Any key, also while it is being said; it is told to that address."""
    gather = f'input="dtmf" numDigits="1" finishOnKey="" timeout="{KEY_SECONDS}"'
    return f'<Gather {gather} method="POST" action={quoteattr(url)}>{said}</Gather>'
