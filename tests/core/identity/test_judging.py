"""A code is judged (SECURITY 4)."""

from dataclasses import replace
from types import SimpleNamespace

from portal.core.identity import judging
from tests.databases import on_sqlite
from tests.security.visitors import RUTH


class Secret(str):
    """What tells by its time how much of it is right."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared by ==")


@on_sqlite
def test_an_agreed_code_too_is_compared_in_constant_time(new_portal):
    portal = replace(new_portal().app.state.portal, fixed_codes={RUTH: Secret("123456")})
    challenge = SimpleNamespace(mobile=RUTH)
    assert judging.is_right(portal, "123456", challenge)
    assert not judging.is_right(portal, "123457", challenge)
