"""What a file said in its earlier rows. On disk: a million rows are not held."""

import sqlite3
from collections.abc import Hashable

SAY = "INSERT INTO said VALUES (?, ?) ON CONFLICT DO NOTHING"
SAID = "SELECT what FROM said WHERE about = ?"


class Earlier:
    def __init__(self) -> None:
        self.db = sqlite3.connect("", isolation_level=None)  # a file without a name, which goes when it is closed
        self.db.execute("PRAGMA journal_mode = OFF")
        self.db.execute("CREATE TABLE said (about INTEGER PRIMARY KEY, what INTEGER)")

    def agrees(self, about: Hashable, what: Hashable) -> bool:
        """Whether this is the first that is said about it, or the same as the first. By 64 bits of each."""
        self.db.execute(SAY, (hash(about), hash(what)))
        (first,) = self.db.execute(SAID, (hash(about),)).fetchone()
        return bool(first == hash(what))
