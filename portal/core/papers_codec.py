"""Documents as JSON: what `Invoice.details` holds."""

from portal.core.codec import Codec
from portal.core.documents import Allowance, Document, Kind, Line, Party, Totals, VatRate
from portal.core.money import Money

DOCUMENTS = Codec(Document, Kind, Party, Line, Allowance, VatRate, Totals, Money)
