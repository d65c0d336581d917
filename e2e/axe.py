"""axe-core on the page as it stands: WCAG 2.2 AA and axe's own good practice."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

SOURCE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

RUN = """async (tags) => (await axe.run(document, {runOnly: tags, resultTypes: ["violations"]})).violations.flatMap(
    (broken) => broken.nodes.map((node) => `${broken.id}: ${node.target} ${node.html} ${node.failureSummary}`))"""


def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule. Evaluated from outside, for a strict policy lets no script in."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(SOURCE)
    return [" ".join(line.split()) for line in page.evaluate(RUN, TAGS)]
