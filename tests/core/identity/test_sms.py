"""The SMS with the code, in one part, and the one with a link (SECURITY 16; WICG sms-one-time-codes)."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from portal.core import messages
from portal.core.keys import Keys
from portal.core.languages import Language
from portal.core.outbox import Job
from portal.core.portal import Portal
from portal.settings import SANDBOX_KEY

VECTORS = Path(__file__).resolve().parents[3] / "../shared/data/06-sms-one-time-codes/vectors.jsonl"
HOST = "pay.example.co.il"
CHALLENGE = Keys.of((SANDBOX_KEY,)).name()
GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_TWICE = set("^{}\\[~]|€\f")
INVISIBLE = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069\u200b-\u200d\ufeff]")


def origin_bound(message: str) -> dict[str, str | None] | None:
    """The specification's own algorithm: the last line, `@host #code`, and perhaps `%host`."""
    line = re.split(r"\r\n|\r|\n", message)[-1] if message else ""
    found = re.match(r"@([^ \t\f]+) #([^ \t\f]+)(?: %([^ \t\f]+))?", line)
    return {"top_level_host": found[1], "code": found[2], "embedded_host": found[3]} if found else None


def test_the_reader_of_this_test_reads_as_the_specification_does():
    if not VECTORS.exists():
        pytest.skip("the specification's examples are not beside the project: ../shared/data/06-sms-one-time-codes")
    for line in VECTORS.read_text(encoding="utf-8").splitlines():
        vector = json.loads(line)
        assert origin_bound(vector["message"]) == vector["expect"], vector["note"]


@pytest.fixture
def portal(new_portal) -> Portal:
    portal: Portal = new_portal().app.state.portal
    return replace(portal, base_url=f"https://{HOST}:8443")


@pytest.mark.parametrize("language", Language)
def test_a_telephone_finds_the_code_for_our_host_alone(portal, language):
    body = sms(portal, language)
    code = portal.keys.code(CHALLENGE, 1)
    assert origin_bound(body) == {"top_level_host": HOST, "code": code, "embedded_host": None}
    assert body.endswith(f"\n@{HOST} #{code}")
    assert code in body.splitlines()[0], "and a person finds it too"


@pytest.mark.parametrize("language", Language)
def test_it_is_one_part_without_invisible_marks(portal, language):
    body = sms(portal, language)
    assert parts(body) == 1, f"{len(body)}: {body}"
    assert not INVISIBLE.search(body)


def test_it_names_no_customer_and_holds_no_link(portal):
    body = sms(portal, Language.HE)
    assert "רות" not in body.split()
    assert "http" not in body


@pytest.mark.parametrize("language", Language)
def test_a_link_says_what_it_opens(portal, language):
    """A link alone is more than one part of an SMS that is not in English."""
    link = Job("link", "sms", "+972502345678", "1001", language, {"link": "0123456789abcdef", "action": "last-invoice"}, "k", "o", 1)
    body = messages.compose(portal, link).body
    assert portal.company.named(language) in body
    assert portal.actions["last-invoice"].title.say(language) in body
    assert re.search(rf"\nhttps://{HOST}:8443/l/\S+$", body)
    assert parts(body) <= (1 if language is Language.EN else 2), f"{len(body)}: {body}"
    assert not INVISIBLE.search(body)


def parts(body: str) -> int:
    """Of several, each has a heading that takes room."""
    if set(body) <= GSM_7 | GSM_7_TWICE:
        units, one, each = sum(2 if c in GSM_7_TWICE else 1 for c in body), 160, 153
    else:
        units, one, each = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= one else -(-units // each)


def sms(portal: Portal, language: Language) -> str:
    job = Job("code", "sms", "+972502345678", "1001", language, {"challenge": CHALLENGE, "sending": "1"}, "k", "o", 1)
    return messages.compose(portal, job).body
