"""What serves asks for large pages, where the machine has them."""

from pathlib import Path

import pytest

POLICY = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@pytest.mark.skipif(not POLICY.exists() or "[never]" in POLICY.read_text(), reason="a machine without transparent huge pages")
@pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
def test_what_serves_has_its_memory_on_large_pages(live):
    wishes = [line for line in Path(f"/proc/{live.process.pid}/smaps").read_text().splitlines() if line.startswith("VmFlags:")]
    assert any("hg" in wish.split() for wish in wishes)
