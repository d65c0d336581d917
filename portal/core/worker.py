"""Carries out what the outbox holds: at once what this process wrote, and every second what nobody holds.

Runs beside the web in `portal serve`, or alone in `portal worker`. Any number of them may run.
"""

from collections.abc import Callable
from queue import Empty
from random import SystemRandom
from threading import Event, Thread
from time import monotonic

import structlog
from prometheus_client import Counter

from portal.core import messages
from portal.core.deliver import deliver
from portal.core.errors import Permanent, TryAgain, Unavailable
from portal.core.outbox import BATCH, FINISH, OVERDUE, RETRY, Job
from portal.core.portal import Portal
from portal.core.statements import Values

log = structlog.get_logger()
chance = SystemRandom()
# Not by channel: that would count the decoys apart, and tell whether a number is a customer's.
SENT = Counter("portal_messages", "Messages that left, or never will", ["kind", "state"])

POLL_SECONDS = 1.0
# Messages written within this time leave together: one commit for all that were sent.
LINGER_SECONDS = 0.01
MOST_ATTEMPTS = 8

# Every so often, something that any process may do: its name, the seconds between, and the work.
Chore = tuple[str, float, Callable[[Portal], None]]


class Worker:
    def __init__(self, portal: Portal, chores: tuple[Chore, ...] = ()) -> None:
        self.portal = portal
        self.chores = {chore: monotonic() + chore[1] * chance.random() for chore in chores}
        self.stopping = Event()
        self.thread = Thread(target=self.run, name="outbox", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Finishes the batch in hand; the rest waits in the table."""
        self.stopping.set()
        self.portal.outbox.fresh.put(None)  # wakes it
        self.thread.join(10)

    def run(self) -> None:
        polled = 0.0
        while not self.stopping.is_set():
            try:
                self._send([job for job in self._fresh() if job.still_ours])
                if monotonic() - polled > POLL_SECONDS:
                    self._poll()
                    polled = monotonic()
            except Unavailable as error:
                log.warning("outbox waits for the database", reason=str(error))
                self.stopping.wait(POLL_SECONDS)
            except Exception:  # one bad row must not stop all the others
                log.exception("outbox")
                self.stopping.wait(POLL_SECONDS)

    def _fresh(self) -> list[Job]:
        queue = self.portal.outbox.fresh
        try:
            jobs = [queue.get(timeout=POLL_SECONDS * (0.5 + chance.random() / 2))]
        except Empty:
            return []
        self.stopping.wait(LINGER_SECONDS)
        while len(jobs) < 10 * BATCH and not queue.empty():
            jobs.append(queue.get())
        return [job for job in jobs if job]

    def _poll(self) -> None:
        """What a dead process left, what is due again, and what came too late."""
        with self.portal.db.write() as tx:
            tx.run(OVERDUE)
        while jobs := self._claimed():
            self._send(jobs)
        for chore in [chore for chore, due in self.chores.items() if due <= monotonic()]:
            self.chores[chore] = monotonic() + chore[1]
            chore[2](self.portal)

    def _claimed(self) -> list[Job]:
        with self.portal.db.write() as tx:
            return self.portal.outbox.claim(tx)

    def _send(self, jobs: list[Job]) -> None:
        finished: list[Values] = []
        for job in jobs:
            match self._sent(job):
                case TryAgain() as later if job.attempts < MOST_ATTEMPTS:
                    self._later(job, later)
                case str(vendor_id):
                    finished.append({**_ours(job), "state_": "sent", "error_": "", "vendor_id_": vendor_id})
                    SENT.labels(job.kind, "sent").inc()
                case error:
                    finished.append({**_ours(job), "state_": "failed", "error_": _reason(error), "vendor_id_": ""})
                    SENT.labels(job.kind, "failed").inc()
        if finished:
            with self.portal.db.write() as tx:
                tx.many(FINISH, finished)

    def _sent(self, job: Job) -> str | TryAgain | Permanent | messages.Unknown:
        try:
            return deliver(self.portal, job)
        except (TryAgain, Permanent, messages.Unknown) as error:
            log.warning("message not sent", kind=job.kind, channel=job.channel, reason=_reason(error), attempts=job.attempts)
            return error
        except Exception:  # one bad row must not hold up those beside it, nor have them sent twice
            log.exception("message not sent", kind=job.kind, channel=job.channel, attempts=job.attempts)
            return TryAgain("not composed")

    def _later(self, job: Job, later: TryAgain) -> None:
        """1 s, 2 s, 4 s, .. with jitter, and not before the vendor said (Retry-After)."""
        wait = max(later.retry_after or 0.0, 2 ** (job.attempts - 1) * chance.uniform(0.75, 1.25))
        with self.portal.db.write() as tx:
            tx.run(RETRY, **_ours(job), delay_=int(wait * 1000), error_=_reason(later))


def _ours(job: Job) -> dict[str, object]:
    return {"key_": job.key, "owner_": job.owner, "attempts_": job.attempts}


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
