"""A `company.toml` that pages could not be made of is refused, with the key that is wrong."""

import pytest

from portal.app import build
from portal.core import company
from portal.core.languages import Language, _, reword
from portal.core.money import Money
from portal.paths import DEMO
from tests.client import Client

WRONG = [
    ('he = "שחף סיבים"', 'el = "x"', "name.he"),
    ('telephone = "+97235550100"', "telephone = 5", "telephone"),
    ('telephone = "+97235550100"', 'telephone = "03-555"', "telephone"),
    ('colour = "#0f5e7d"', 'colour = "teal"', "colour"),
    ('timezone = "Asia/Jerusalem"', 'timezone = "Asia/Nowhere"', "timezone"),
    ("wait_minutes = 12", 'wait_minutes = "12"', "wait_minutes"),
    ('sms_countries = ["IL"]', 'sms_countries = "IL"', "sms_countries"),
    ('sms_countries = ["IL"]', 'sms_countries = ["IL", "UK"]', "sms_countries: .*'UK'"),
    ('sms_countries = ["IL"]', 'sms_countries = ["il"]', "sms_countries: .*'il'"),
    ('sms_countries = ["IL"]', "sms_countries = [972]", "sms_countries: .*972"),
    ('sms_countries = ["IL"]', 'sms_countries = [["IL"]]', "sms_countries: .*'IL'"),
    ('mon = ["08:00", "19:00"]', 'mon = "08:00"', "hours.mon"),
    ('mon = ["08:00", "19:00"]', 'mon = ["08:00+02:00", "19:00+02:00"]', "hours.mon must be"),
    ('mon = ["08:00", "19:00"]', 'mon = ["08:00", "19:00Z"]', "hours.mon must be"),
    ('mon = ["08:00", "19:00"]', 'mon = ["08:00", "00:00"]', "hours.mon must be"),
    ('mon = ["08:00", "19:00"]', 'mon = ["19:00", "08:00"]', "hours.mon must be"),
    ('mon = ["08:00", "19:00"]', 'mon = ["08:00", "08:00"]', "hours.mon must be"),
    ('telephone = "+97235550100"', 'telephone = "+999123456"', "telephone must be"),
    ('whatsapp = "+972555550100"', 'whatsapp = "+999123456"', "whatsapp must be"),
    ('legal_name = "Shahaf Fibre Ltd (demo)"', "", "legal_name"),
    ('legal_name = "Shahaf Fibre Ltd (demo)"', "legal_name", "line"),
    ("[policies]", '[wording]\nen = "x"\n[policies]', "wording.en must be a table"),
    ("[policies]", '[wording.xx]\n"Pay my balance" = "x"\n[policies]', "wording.xx must be"),
    ("[policies]", '[wording.en]\n"Pay my balances" = "x"\n[policies]', "wording.en: there is no sentence 'Pay my balances'"),
    ("[policies]", '[wording.en]\n"Pay {amount}" = "Pay"\n[policies]', "wording.en: 'Pay {amount}' needs"),
    ("[policies]", '[wording.en]\n"Pay {amount}" = "Pay {amount} {name}"\n[policies]', "wording.en: 'Pay {amount}' needs"),
    ("[policies]", '[wording.en]\n"Pay {amount}" = "Pay {amount"\n[policies]', "expected '}'"),
    ("[policies]", '[wording.en]\n"Pay my balance" = 5\n[policies]', "wording.en: 'Pay my balance' needs"),
]


@pytest.mark.parametrize(("right", "wrong", "named"), WRONG)
def test_what_is_wrong_in_it_is_named(right, wrong, named, tmp_path):
    said = DEMO.read_text(encoding="utf-8").replace('logo = "logo.svg"', "")
    assert right in said
    path = tmp_path / "company.toml"
    path.write_text(said.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=named) as refused:
        company.read(path)
    assert str(path) in str(refused.value)


def test_a_name_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "company.toml"
    path.write_text('name = "x"\ncurrency = "ILS"', encoding="utf-8")
    with pytest.raises(ValueError, match=r"name must be a table"):
        company.read(path)


WORDS = """
[wording.en]
"Pay my balance" = "Settle <up>"
"Pay {amount}" = "Settle {amount}"

[wording.he]
"Pay my balance" = "לסגור חשבון"
"""


def test_the_companys_own_words_take_the_place_of_ours(new_portal, settings, tmp_path):
    path = tmp_path / "company.toml"
    path.write_text(DEMO.read_text(encoding="utf-8").replace('logo = "logo.svg"', "") + WORDS, encoding="utf-8")
    try:
        with Client(build(settings.model_copy(update={"company": path})), base_url=settings.base_url) as portal:
            assert "לסגור חשבון" in portal.open("/").text
            assert "Settle &lt;up&gt;" in portal.open("/?lang=en").text
        assert _("Pay {amount}", amount=Money(500, "ILS")).say(Language.EN) == "Settle ₪5.00"
        assert _("Pay my balance").say(Language.RU) == "Оплатить задолженность"
    finally:
        reword({})
    assert "Settle" not in new_portal().open("/?lang=en").text
