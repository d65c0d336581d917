"""Is the silence of the accessibility check worth anything? W3C's own failing pages must make it speak.

The ACT rules' test cases come with the result that axe-core is published to give; where it is "failed", ours must be too.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from e2e.axe import violations

CASES = Path(__file__).resolve().parents[1] / "../shared/data/09-accessibility-bidi"

# The first is an experiment of axe's, which it runs only when asked; the second sends the browser elsewhere before axe has looked.
NOT_RUN = {"label-content-name-mismatch", "meta-refresh"}


@pytest.mark.long
@pytest.mark.parametrize(("outcome", "reported"), [("failed", True), ("passed", False)])
def test_the_check_says_what_w3c_says(page, outcome, reported):
    surprises = []
    for file, rule in cases(outcome):
        page.goto((CASES / "act-testcases" / file).resolve().as_uri())
        if any(line.startswith(f"{rule}:") for line in violations(page)) is not reported:
            surprises.append((file, rule))
    assert surprises == []


def cases(outcome):
    """Complete pages for which the published result is W3C's own; the first of each rule."""
    index = CASES / "act-testcases.csv"
    if not index.exists():
        pytest.skip(f"the ACT test cases are not there: {CASES}")
    with index.open(encoding="utf-8", newline="") as file:
        complete = [row for row in csv.DictReader(file) if row["needs_assets"] == "false" and row["expected"] == outcome]
    by_rule = defaultdict(list)
    for row in complete:
        for rule, _, published in (said.partition("=") for said in row["axe_core_published_result"].split("; ")):
            if published == outcome and rule not in NOT_RUN:
                by_rule[rule].append((row["file"], rule))
    assert len(by_rule) > 12
    return [first for first, *_others in by_rule.values()]
