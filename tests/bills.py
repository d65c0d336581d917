"""The numbers that the demo company's bills have: it bills on the first of each month, by its own clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

_today = datetime.now(ZoneInfo("Asia/Jerusalem"))
_month = _today.year * 12 + _today.month - 1


def bill(customer_id: str, months_ago: int = 0) -> str:
    month = _month - months_ago
    return f"{month // 12}{month % 12 + 1:02}-{customer_id}"


RUTHS, BEFORE_RUTHS = bill("1001"), bill("1001", 1)
