"""The browser of every browser test: whichever Chromium this machine has (tests/browser.py)."""

from typing import Any

import pytest

from tests import browser


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not browser.find():
        pytest.fail(browser.MISSING)
    return browser_type_launch_args | browser.launch_args()
