"""Carries out what the outbox holds: at once what this process wrote, and what nobody holds as soon as it hears of it.

Runs beside the web in `portal serve`, or alone in `portal worker`. Any number of them may run. One thread keeps the
table: it claims, hands out, and writes down what came of it; others wait for vendors (portal.core.lanes).
"""

from collections.abc import Callable
from functools import partial
from queue import Empty
from random import SystemRandom
from threading import Event, Thread
from time import monotonic

import structlog
from prometheus_client import Counter, Histogram

from portal.core.chores import Chore as Chore
from portal.core.chores import Round
from portal.core.deliver import DECOY, deliver
from portal.core.errors import Permanent, TryAgain, Unavailable
from portal.core.lanes import Lane
from portal.core.messages import Unknown
from portal.core.outbox import DUE, FINISH, OVERDUE, RELEASE, RENEW, RETRY, STALE_SECONDS, Job, Tried, of
from portal.core.portal import Portal
from portal.core.statements import Writer

log = structlog.get_logger()
chance = SystemRandom()
# Not by channel: that would count the decoys apart, and tell whether a number is a customer's.
DONE = Counter("portal_messages", "Messages that left, or never will", ["kind", "state"])
TO_THE_DOOR = Histogram(
    "portal_message_wait_seconds", "From the commit to the vendor's door, at the first try", ["kind"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)  # fmt: skip

# For what nobody tells: retries that are due, and what a dead process left.
POLL_SECONDS = 1.0
# What is written, and what comes back, within this time is handled together: one commit for all that left.
LINGER_SECONDS = 0.01
# Longer than most vendors' time-out: what is in hand is finished before the process ends.
GRACE_SECONDS = 8.0
LONGEST_PAUSE_SECONDS = 600.0


class Worker:
    def __init__(self, portal: Portal, chores: tuple[Chore, ...] = ()) -> None:
        self.portal, self.outbox = portal, portal.outbox
        channels = (DECOY, *portal.messages, *portal.couriers)
        self.lanes = {(channel, urgent): Lane(channel, self._carry) for urgent in (True, False) for channel in channels}
        # Not worth a thread: a decoy, and vendors that nobody waits for.
        self.at_once = {DECOY} | {channel for channel, vendor in portal.messages.items() if getattr(vendor, "at_once", False)}
        self.tried: list[Tried] = []  # and not written down yet
        self.look_at = 0.0  # when the table is looked at again, by this process's clock
        self.stopping = Event()
        self.thread = Thread(target=self._run, name="outbox", daemon=True)
        self.round = Round(portal, chores)

    def start(self) -> None:
        self.thread.start()
        self.round.start()
        self.listening = self.portal.db.listen(self.outbox.wake)

    def stop(self) -> None:
        """Finishes what is in hand, and gives back what is not begun: another process takes it at once."""
        self.listening.close()
        self.outbox.working = False  # what is written from now on is for others
        self.stopping.set()
        self.outbox.inbox.put(None)
        self.round.stop()
        self.thread.join(GRACE_SECONDS + 5)

    def _run(self) -> None:
        while not self.stopping.is_set():
            self._guarded(self._turn)
        self._guarded(self._end)

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Unavailable as error:
            log.warning("outbox waits for the database", reason=str(error))
            self.stopping.wait(POLL_SECONDS)
        except Exception:  # one bad row must not stop all the others; those beside it are anybody's after their lease
            log.exception("outbox")
            self._forget([one.job for one in self.tried])
            self.tried.clear()
            self.stopping.wait(POLL_SECONDS)

    def _turn(self) -> None:
        for job in self._hear(POLL_SECONDS * chance.uniform(0.5, 1)):
            self._begin(job)
        self._write_down()
        if self.look_at <= monotonic():
            self._look()

    def _hear(self, seconds: float) -> list[Job]:
        """Jobs to begin; what came of others is kept to be written down."""
        inbox, heard = self.outbox.inbox, []
        try:
            heard.append(inbox.get(timeout=seconds))
        except Empty:
            return []
        self.stopping.wait(LINGER_SECONDS)
        while not inbox.empty():
            heard.append(inbox.get())
        self.tried += [one for one in heard if isinstance(one, Tried)]
        if None in heard:
            self.look_at = 0.0
        return [one for one in heard if isinstance(one, Job)]

    def _begin(self, job: Job) -> None:
        lane = self.lanes.get((job.channel, job.urgent))
        if lane is None:  # of a newer version, or of a company's own
            self.tried.append(Tried(job, TryAgain(f"nobody here takes {job.channel}")))
        elif job.channel in self.at_once:
            self.tried += self._attempt(job)
        else:
            lane.put(job)

    def _carry(self, job: Job) -> None:
        """In a thread of a lane."""
        for tried in self._attempt(job):
            self.outbox.inbox.put(tried)

    def _attempt(self, job: Job) -> list[Tried]:
        """What came of it; nothing where it is not ours any more."""
        try:
            if job.waited < STALE_SECONDS or self._renewed(job):
                return [Tried(job, self._outcome(job))]
        except Exception as error:  # the thread goes on, whatever it was
            return [Tried(job, TryAgain(f"its lease could not be renewed: {_reason(error)}"))]
        self._forget([job])
        return []

    def _renewed(self, job: Job) -> bool:
        """Still ours, still wanted, and leased for as long again."""
        with self.portal.db.write() as tx:
            return tx.run(RENEW, **of(job)) == 1

    def _outcome(self, job: Job) -> str | Exception:
        if job.attempts == 1:
            TO_THE_DOOR.labels(job.kind).observe(job.age + job.waited)
        try:
            return deliver(self.portal, job)
        except (TryAgain, Permanent, Unknown) as error:
            log.warning("message not sent", kind=job.kind, channel=job.channel, reason=_reason(error), attempts=job.attempts)
            return error
        except Exception:  # ours to mend; it may be, before the row is over
            log.exception("message not sent", kind=job.kind, channel=job.channel, attempts=job.attempts)
            return TryAgain("it could not be composed")

    def _write_down(self) -> None:
        if not self.tried:
            return
        with self.portal.db.write() as tx:
            for one in self.tried:
                if isinstance(one.outcome, TryAgain):
                    self._put_off(tx, one.job, one.outcome)
            tx.many(FINISH, [_finished(one) for one in self.tried if not isinstance(one.outcome, TryAgain)])
        for one in self.tried:
            if not isinstance(one.outcome, TryAgain):
                DONE.labels(one.job.kind, _state(one)).inc()
        self._forget([one.job for one in self.tried])
        self.tried.clear()

    def _put_off(self, tx: Writer, job: Job, why: TryAgain) -> None:
        """For 1 s, 2 s, 4 s, .. 10 minutes with jitter, and not before the vendor said (Retry-After); where that is too late, for ever."""
        pause = min(2.0 ** min(job.attempts - 1, 20), LONGEST_PAUSE_SECONDS) * chance.uniform(0.75, 1.25)
        row = tx.one(RETRY, **of(job), delay_=int(max(why.retry_after or 0.0, pause) * 1000), error_=_reason(why))
        if row and row.state != "waiting":
            tx.after(DONE.labels(job.kind, row.state).inc)

    def _look(self) -> None:
        """What is due and nobody's: its process died or had no room for it, or the time to try again has come, or to give up."""
        with self.portal.db.read() as reader:
            due = reader.one(DUE)
        left = due is not None and self._take()
        self.look_at = monotonic() + (0 if left else POLL_SECONDS)

    def _take(self) -> bool:
        """Whether there may be more than there was room for: then the next outcome is the time to look again."""
        rooms = [(channel, urgent, lane.room) for (channel, urgent), lane in self.lanes.items()]
        with self.portal.db.write() as tx:
            for row in tx.all(OVERDUE):
                tx.after(DONE.labels(row.kind, row.state).inc)
            claimed = [self.outbox.claim(tx, channel, urgent=urgent, most=room) if room else [] for channel, urgent, room in rooms]
        for job in (job for jobs in claimed for job in jobs):
            self.outbox.held[job.key] = job
            self._begin(job)
        self._write_down()
        return any(len(jobs) == room for jobs, (_channel, _urgent, room) in zip(claimed, rooms, strict=True))

    def _forget(self, jobs: list[Job]) -> None:
        for job in jobs:
            self.outbox.held.pop(job.key, None)

    def _end(self) -> None:
        self._guarded(partial(self._give_back, [job for lane in self.lanes.values() for job in lane.end()]))
        # What a vendor has not answered by then keeps its lease: the vendor may have taken it, and nobody should ask again too soon.
        deadline = monotonic() + GRACE_SECONDS
        while self.outbox.held and monotonic() < deadline:
            self._give_back(self._hear(0.1))
            self._write_down()

    def _give_back(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        with self.portal.db.write() as tx:
            tx.many(RELEASE, [of(job) for job in jobs])
            tx.ring()
        self._forget(jobs)


def _finished(one: Tried) -> dict[str, object]:
    sent = isinstance(one.outcome, str)
    return {
        **of(one.job), "state_": _state(one), "vendor_id_": one.outcome if sent else "",
        "error_": "" if isinstance(one.outcome, str) else _reason(one.outcome),
    }  # fmt: skip


def _state(one: Tried) -> str:
    return "sent" if isinstance(one.outcome, str) else "failed"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200].replace("\0", "")
