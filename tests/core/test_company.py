"""A `company.toml` that pages could not be made of is refused, with the key that is wrong."""

import pytest

from portal.core import company
from portal.paths import DEMO

WRONG = [
    ('he = "שחף סיבים"', 'el = "x"', "name.he"),
    ('telephone = "+97235550100"', "telephone = 5", "telephone"),
    ('telephone = "+97235550100"', 'telephone = "03-555"', "telephone"),
    ('colour = "#0f5e7d"', 'colour = "teal"', "colour"),
    ('timezone = "Asia/Jerusalem"', 'timezone = "Asia/Nowhere"', "timezone"),
    ("wait_minutes = 12", 'wait_minutes = "12"', "wait_minutes"),
    ("service_fee = 1990", "service_fee = 19.90", "service_fee"),
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
