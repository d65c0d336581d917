"""What /metrics says of payments. Counted after the commit."""

from prometheus_client import Counter

PAYMENTS = Counter("portal_payments", "Payments that came to a state", ["state"])
NOTICES = Counter("portal_payment_notices", "What payment providers told us", ["provider", "outcome"])
RETURNED = Counter("portal_payment_returned", "What went back of payments, or came again", ["provider", "what"])
REFUNDS_DUE = Counter("portal_payment_refunds_due", "Payments to be given back, in part or whole", ["provider"])
