"""Made-up customers, each with invoices, for the portal and for the floor."""

import csv
from pathlib import Path

CODE = "123456"  # agreed for every one of them: PORTAL_TEST_PHONES


def phone(n: int) -> str:
    return f"+972502{100_000 + n:06d}"


def last_invoice(n: int) -> str:
    return f"BENCH-{n:06d}-1"


def agreed(count: int) -> str:
    return ",".join(f"{phone(n)}={CODE}" for n in range(count))


def write_customers(path: Path, count: int) -> int:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "name", "national_id", "phone", "email", "language"])
        for n in range(count):
            rows.writerow([f"C{n:06d}", f"Customer {n}", national_id(n), phone(n), f"c{n}@example.com", ("he", "ar", "en", "ru")[n % 4]])
    return count


def write_invoices(path: Path, count: int, each: int = 1) -> int:
    """The last of each customer is number 1."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "number", "issue_date", "due_date", "currency", "total", "balance"])
        for n in range(count):
            for k in range(each, 0, -1):
                month = 11 - (k - 1) % 11
                paid = "118.00" if k == 1 else "0.00"
                rows.writerow([f"C{n:06d}", f"BENCH-{n:06d}-{k}", f"2026-{month:02d}-01", f"2026-{month:02d}-20", "ILS", "118.00", paid])
    return count * each


def national_id(n: int) -> str:
    """Nine digits with a right check digit (Luhn, as Israel's Interior Ministry counts it)."""
    base = f"{30_000_000 + n:08d}"
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(base))
    return f"{base}{-sum(value // 10 + value % 10 for value in doubled) % 10}"
