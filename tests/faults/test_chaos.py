"""A minute of load while processes and PostgreSQL are killed and a tenth of the vendors' calls fails: nothing lost, nothing twice."""

import pytest

from tests.bench import chaos


@pytest.mark.long
def test_nothing_is_lost_and_nothing_is_done_twice():
    happened = chaos.run(seconds=60)
    assert happened.wrong == []
    assert happened.done > 10
    assert len(happened.kills) >= 2
    assert len(happened.outages) == chaos.RESTARTS
