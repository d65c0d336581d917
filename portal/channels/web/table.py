"""Every route and the proof it takes. A route that is not here does not exist; a test crawls all of it (promise 34)."""

from portal.channels.web import actions, choosing, documents, home, human, identify, operations, texted
from portal.channels.web.door import Door
from portal.core.case import Proof

CODE = Proof.CODE
WAY = frozenset({"next", "source"})


DOORS = (
    Door("/", home.show),
    Door("/identify", identify.ask),
    Door("/identify/phone", identify.by_phone, "POST", fields=WAY | {"phone"}),
    Door("/identify/code", identify.code_page),
    Door("/identify/code", identify.by_code, "POST", fields=WAY | {"code"}),
    Door("/actions/{slug}", actions.show, asks_billing=True),
    Door("/actions/{slug}", actions.reply, "POST", own_fields=True, slow=True),
    Door("/identify/id", identify.by_id, "POST", fields=WAY | {"id_number"}),
    Door("/identify/step-up", identify.step_up, "POST", fields=WAY),
    Door("/identify/resend", identify.resend, "POST", fields=WAY),
    Door("/identify/call", identify.call_me, "POST", fields=WAY),
    Door("/identify/delivery", identify.news),
    Door("/identify/customer", choosing.ask),
    Door("/identify/customer", choosing.chosen, "POST", fields=WAY | {"customer"}),
    Door("/leave", identify.leave, "POST"),
    Door("/invoices/{number:path}.pdf", documents.invoice, proof=CODE, slow=True),
    Door("/receipts/{id}.pdf", documents.receipt, proof=Proof.ID, slow=True),
    Door("/human", human.show),
    Door("/human/callback", human.asked),
    Door("/human/callback", human.call_back, "POST", fields=frozenset({"phone", "topic", "when"})),
    Door("/l/{token}", texted.show),
    Door("/l/{token}", texted.spend, "POST"),
    Door("/accessibility", home.accessibility),
    Door("/healthz", operations.alive),
    Door("/readyz", operations.ready),
    Door("/metrics", operations.metrics),
)
