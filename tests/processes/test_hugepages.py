"""What serves asks the kernel for large pages. Whether it has any to give is its own affair."""

from pathlib import Path

import pytest

from tests.databases import on_sqlite

KNOWN = Path("/sys/kernel/mm/transparent_hugepage")


@pytest.mark.skipif(not KNOWN.exists(), reason="not Linux, or one without transparent huge pages")
@on_sqlite
def test_what_serves_asks_for_large_pages(live):
    wishes = [line for line in Path(f"/proc/{live.process.pid}/smaps").read_text().splitlines() if line.startswith("VmFlags:")]
    assert any("hg" in wish.split() for wish in wishes)
