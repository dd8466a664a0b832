"""The tables of a journal, and their migrations."""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "MIGRATIONS", "TABLES", "VERSION"]

#: The application id in SQLite's header, which identifies a journal: "RCJ1".
APPLICATION_ID = 0x52434A31
VERSION = 1

#: By the version that they start from: the statements that lead to the next one.
MIGRATIONS: dict[int, tuple[str, ...]] = {}

#: ``charges`` has a row for each attempt that may cost money, of this journal (source '') or of a batch's
#: that reserves here (source is its id). ``totals`` are their sums by day, kept by triggers, so that a
#: budget is checked without adding all of them up. Amounts are micro-dollars, times seconds since 1970.
TABLES = (
    """CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        origin TEXT NOT NULL,
        account TEXT NOT NULL,
        key TEXT NOT NULL,
        model_id TEXT NOT NULL,
        digest TEXT NOT NULL,
        payload TEXT,
        state TEXT NOT NULL,
        token TEXT NOT NULL,
        request_id TEXT,
        attempts INTEGER NOT NULL,
        estimate INTEGER,
        cost INTEGER,
        created REAL NOT NULL,
        claimed REAL NOT NULL,
        answered REAL,
        ended REAL,
        output TEXT,
        files TEXT,
        folder TEXT,
        error TEXT,
        history TEXT,
        purged INTEGER NOT NULL DEFAULT 0,
        UNIQUE (origin, account, key)
    )""",
    # Partial indexes over the few open entries, since every index that holds an entry makes its writes slower.
    "CREATE INDEX entries_posting ON entries (token) WHERE state = 'posting'",
    """CREATE INDEX entries_open ON entries (digest)
        WHERE state IN ('posting', 'submitted', 'unknown')""",
    """CREATE TABLE request_ids (
        origin TEXT NOT NULL,
        request_id TEXT NOT NULL,
        entry INTEGER NOT NULL,
        PRIMARY KEY (origin, request_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE charges (
        source TEXT NOT NULL,
        token TEXT NOT NULL,
        model_id TEXT NOT NULL,
        day TEXT NOT NULL,
        reserved INTEGER NOT NULL,
        settled INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        entry INTEGER,
        PRIMARY KEY (source, token)
    ) WITHOUT ROWID""",
    "CREATE INDEX charges_reserved ON charges (source) WHERE reserved > 0",
    """CREATE TABLE totals (
        day TEXT PRIMARY KEY, reserved INTEGER NOT NULL, settled INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TRIGGER charge_added AFTER INSERT ON charges BEGIN
        INSERT OR IGNORE INTO totals VALUES (NEW.day, 0, 0);
        UPDATE totals SET reserved = reserved + NEW.reserved, settled = settled + NEW.settled
            WHERE day = NEW.day;
    END""",
    """CREATE TRIGGER charge_changed AFTER UPDATE OF reserved, settled ON charges BEGIN
        UPDATE totals SET reserved = reserved + NEW.reserved - OLD.reserved,
            settled = settled + NEW.settled - OLD.settled WHERE day = NEW.day;
    END""",
    """CREATE TRIGGER charge_removed AFTER DELETE ON charges BEGIN
        UPDATE totals SET reserved = reserved - OLD.reserved, settled = settled - OLD.settled
            WHERE day = OLD.day;
    END""",
)
