"""Whoever cannot use a page finds whom to ask."""

FINGER = 44  # CSS pixels


def test_the_coordinator_is_reached_by_a_finger(visitor):
    visitor.goes_to("/accessibility")
    links = visitor.page.locator(".facts a")
    visitor.arrives("accessibility", links.first)
    assert [link.inner_text() for link in links.all() if link.bounding_box()["height"] < FINGER] == []
