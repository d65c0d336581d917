"""The browser flows on a site without a sandbox, where codes are agreed: numbers in turn, and what cannot be told is skipped."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from e2e.telephone import Agreed, Telephone, has_sandbox

ONE, TWO, THREE = "+972502345678", "+972502345679", "+972522345670"


class NoSandbox(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_said: object) -> None:
        pass


@pytest.fixture
def staging() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), NoSandbox) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_agreed_numbers_are_taken_in_turn_and_the_first_is_kept_for_its_id_number():
    agreed = Agreed([ONE, TWO, THREE])
    assert [agreed.next() for _n in range(4)] == [TWO, THREE, TWO, THREE]
    assert agreed.of_the_id_number() == ONE
    assert Agreed([ONE]).next() == ONE


def test_a_number_that_is_spent_is_passed_over_and_with_the_last_of_them_the_story():
    agreed = Agreed([ONE, TWO, THREE])
    agreed.drop(TWO)
    assert [agreed.next() for _n in range(2)] == [THREE, THREE]
    agreed.drop(THREE)
    assert agreed.next() == ONE
    agreed.drop(ONE)
    with pytest.raises(pytest.skip.Exception, match="no more codes for now") as skipped:
        agreed.next()
    assert all(number in str(skipped.value) for number in (ONE, TWO, THREE))


def test_where_there_is_no_sandbox_a_code_is_the_agreed_one_and_a_limit_skips_the_story(staging, monkeypatch):
    monkeypatch.setenv("PORTAL_TEST_PHONES", f"{ONE}=123456,{TWO}=654321")
    assert not has_sandbox(staging)
    telephone = Telephone(staging, TWO)
    assert telephone.code() == "654321"
    with pytest.raises(pytest.skip.Exception, match=r"\+972502345679 .* Too many codes"):
        telephone.gets_no_more_codes("Too many codes were asked for this number.")
    assert telephone.spent
