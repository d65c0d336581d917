"""`portal serve` and `portal worker`."""

import logging
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from starlette.applications import Starlette

from portal.cli import starting

if TYPE_CHECKING:
    from socket import socket

    from uvicorn import Config

    from portal.settings import Settings

METRICS = "PROMETHEUS_MULTIPROC_DIR"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that serve.")] = 1,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Send messages from here too, or leave it to `portal worker`.")
    ] = True,
    seeded: Annotated[bool, typer.Option("--seed", help="First put the demo company into an empty database.")] = False,
) -> None:
    """The portal."""
    os.environ[starting.SEPARATE] = "" if with_worker else "1"
    config = _config(host, port, workers)
    listening = config.bind_socket()  # first: of port 0 the system chooses one, and links lead there
    address = starting.address(host, listening)
    prepare(address)
    # Before anything counts: prometheus_client looks once whether it counts for one process or for several.
    os.environ[METRICS] = tempfile.mkdtemp(prefix="portal-metrics-")
    try:
        if seeded:
            _seed()
        _listen(config, listening, address)
    finally:
        shutil.rmtree(os.environ[METRICS], ignore_errors=True)


def _config(host: str, port: int, workers: int) -> "Config":
    import uvicorn

    # Addresses are read by us, from the proxies that are trusted; the access log would hold what people typed.
    return uvicorn.Config(
        "portal.cli.serving:application", factory=True, host=host, port=port, workers=workers, access_log=False, log_level="warning",
        proxy_headers=False, server_header=False, date_header=True, timeout_keep_alive=30, timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=20,  # a busy machine takes longer than uvicorn's 5 s to begin, and would be killed for it, for ever
    )  # fmt: skip


def _seed() -> None:
    from portal.cli.seeding import seed

    seed()


def _listen(config: "Config", listening: "socket", address: str) -> None:
    import uvicorn

    print(f"The portal is at {address}/", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn sends it on once it has finished: what follows must still be done
    if config.workers > 1:
        from portal.cli import processes

        processes.serve(config, listening)
    else:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listening])


def application() -> Starlette:
    """What each serving process runs."""
    from portal.app import build
    from portal.channels.web.figures import began
    from portal.cli import hugepages
    from portal.cli.processes import end_with_parent
    from portal.settings import Settings

    end_with_parent()
    began()
    logging_to_stderr()
    portal = build(Settings(), separate_worker=bool(os.environ.get(starting.SEPARATE)))
    hugepages.gather()
    return portal


def worker(
    host: Annotated[str, typer.Option(help="Address to show its metrics on.")] = "127.0.0.1",
    metrics_port: Annotated[int, typer.Option(min=0, max=65535, help="Port to show its metrics on; 0: nowhere.")] = 0,
) -> None:
    """Background work alone, for deployments that separate it."""
    prepare()
    if metrics_port:
        from prometheus_client import start_http_server

        try:
            start_http_server(metrics_port, host)
        except OSError as error:
            raise SystemExit(f"portal: metrics at {host}:{metrics_port}: {error.strerror}") from error
    from portal.app import CHORES, parts
    from portal.core.worker import Worker
    from portal.settings import Settings

    logging_to_stderr()
    stopped = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopped.set())
    portal = parts(Settings())
    running = Worker(portal, CHORES)
    running.start()
    print("The worker is at work.", flush=True)
    stopped.wait()
    running.stop()
    portal.db.close()


def prepare(address: str = "") -> None:
    """Refuses an unsafe start in one line, before there are processes that would each fail at it. Where nobody said where customers
    find it, they find it at `address`."""
    with starting.or_a_line():
        settings = _settings(address)
        if settings.problems:
            raise ValueError(settings.problems[0])
        starting.company(settings)
        starting.database(settings.database_url)


def _settings(address: str) -> "Settings":
    from portal.settings import read

    settings = read()
    if not address or "base_url" in settings.model_fields_set:
        return settings
    os.environ["PORTAL_BASE_URL"] = address
    return read()


def logging_to_stderr() -> None:
    """JSON lines; no query, form, cookie or token is ever given to them."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
