"""Where a code, a token, an ID number or a telephone number must not be found again (SECURITY 15, 50)."""

from tests.databases import quick_on_sqlite
from tests.security import visitors
from tests.security.visitors import RUTH_ID, answer, ask, code, is_in, message, newest, type_id, wrong

TYPED = {"source": "zq-source", "next": "/actions/last-invoice?zq-next=1"}


def test_codes_and_tokens_are_in_no_row_no_log_and_no_answer(serve, demo_url, demo_database, new_browser):
    server = serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1")
    telephone, client = new_browser(server), new_browser(server)
    answers = []
    client.event_hooks["response"].append(lambda response: answers.append((response.read(), response)[1]))

    ask(client)
    first = code(telephone)
    answer(client, wrong(first))
    answer(client, "12345")
    client.post("/identify/resend", data={"next": "/"})
    answer(client, first)
    assert is_in(client)
    visit = client.cookies["visit"]
    client.post("/leave")
    before = newest(telephone, visitors.RUTH)
    type_id(client)
    client.get("/actions/last-invoice")
    client.post("/actions/last-invoice", data={"turn": "1", "reply": "sms"})
    token = str(message(telephone, visitors.RUTH, after=before)["body"]).rpartition("/l/")[2]
    bare = len(answers)
    client.cookies.clear()
    client.post(f"/l/{token}")
    client.get(f"/l/{token}x")

    rows, log = visitors.dump(demo_database), server.said()
    said = "\n".join(one.text + str(one.headers.get("location")) for one in answers[:bare])
    for secret in (first, token, token.partition(".")[2]):
        assert secret not in rows
        assert secret not in log
        assert secret not in said
    assert visit not in rows + log


@quick_on_sqlite
def test_the_log_keeps_nothing_that_people_type(serve, demo_url, new_browser):
    server = serve(demo_url, PORTAL_TRUSTED_PROXIES="127.0.0.1")
    client = new_browser(server)
    for path in ("/identify/phone", "/identify/id", "/identify/code", "/human/callback", "/l/zq-token.zq", "/actions/last-invoice"):
        for field in ("phone", "id_number", "code", "zq-unknown"):
            client.post(f"{path}?zq-query=1", data={field: f"0502345678 {RUTH_ID} zq-typed", **TYPED})
        client.post(path, content=f"{RUTH_ID}&0502345678&zq-bare", headers={"Content-Type": "application/x-www-form-urlencoded"})
        client.post(path, content=b"\xff\xfe zq-bytes", headers={"Content-Type": "application/x-www-form-urlencoded"})
        client.get(f"{path}?zq-query=0502345678", headers={"Cookie": "visit=zq-cookie", "User-Agent": "zq-agent"})
    client.get("/nowhere/zq-path/0502345678")
    client.post("/sandbox/clock", content="zq-json")
    client.post("/hooks/payments/sandbox", content="zq-notice", headers={"Stripe-Signature": "zq-signature"})
    log = server.said()
    for typed in ("zq-", "0502345678", "502345678", RUTH_ID):
        assert typed not in log
