"""`portal serve` as it is started on one's own machine."""

import pytest

from tests.security import visitors
from tests.security.visitors import RUTH, elsewhere
from tests.servers import Server


@pytest.mark.parametrize("said", ["", "PORTAL_LIMITS=load", "PORTAL_BASE_URL=http://portal.example"], ids=["nothing", "another", "it"])
def test_links_lead_to_where_it_listens_unless_a_setting_says_otherwise(sqlite_demo, tmp_path, said):
    """Whatever else stands in `.env`."""
    (tmp_path / ".env").write_text(said)
    server = Server(sqlite_demo, tmp_path)
    del server.settings["PORTAL_BASE_URL"]
    with server, visitors.browser(server) as browser:
        visitors.type_id(browser)
        browser.get("/actions/last-invoice")
        browser.post("/actions/last-invoice", data={"turn": "1", "reply": "sms"}, headers=elsewhere())
        link = visitors.message(browser, RUTH)["body"].split()[-1]
    assert link.startswith("http://portal.example/l/" if "BASE_URL" in said else f"{server.url}/l/")
