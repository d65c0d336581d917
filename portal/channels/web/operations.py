"""For those who run it: alive, able to serve, and the figures."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import update
from sqlmodel import col
from starlette.responses import PlainTextResponse, Response

from portal.channels.web.call import Call
from portal.channels.web.figures import Processes, Waiting
from portal.channels.web.pages import Pages
from portal.core.errors import NotFound, Unavailable
from portal.core.statements import Statement
from portal.core.tables import Clock

TOUCH = Statement(update(Clock).where(col(Clock.id) == 1).values(offset_ms=col(Clock.offset_ms)))
PROCESSES = CollectorRegistry(auto_describe=False)
PROCESSES.register(Processes())


def alive(call: Call, pages: Pages) -> Response:
    return PlainTextResponse("alive\n")


def ready(call: Call, pages: Pages) -> Response:
    """Whether the database takes a write: a full disk reads well."""
    try:
        with call.portal.db.write() as tx:
            tx.run(TOUCH)
    except Unavailable:
        return PlainTextResponse("the database does not answer\n", 503)
    if not call.portal.db.has_room():
        return PlainTextResponse("the disk is full\n", 503)
    return PlainTextResponse("ready\n")


def metrics(call: Call, pages: Pages) -> Response:
    """For who scrapes this process, not for who comes through the proxy: the figures tell what the pages do not."""
    if "x-forwarded-for" in call.headers:
        raise NotFound("metrics")
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # of all the processes that serve, not of this one
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    waiting = CollectorRegistry()
    waiting.register(Waiting(call.portal.db))
    figures = b"".join(generate_latest(one) for one in (registry, PROCESSES, waiting))
    return Response(figures, media_type=CONTENT_TYPE_LATEST)
