-- The first schema. It already carries what is dear to add later: owner and boot, command ids, claims of provider
-- order ids, tenant and store, personal data apart from the history, keyed by subject.
-- Released scripts are never edited: a change is the next numbered script.

CREATE TABLE journal (
    only_row   INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    id         TEXT    NOT NULL,
    created_at TEXT    NOT NULL
) STRICT;

INSERT INTO journal (only_row, id, created_at)
VALUES (1, lower(hex(randomblob(16))), strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));

-- Written once, when an order is opened. `number` is the order of opening: a hidden rowid could be renumbered by VACUUM.
CREATE TABLE orders (
    number      INTEGER NOT NULL PRIMARY KEY,
    order_id    TEXT    NOT NULL UNIQUE,
    ticket      TEXT,
    reference   TEXT    NOT NULL,
    provider    TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    tenant      TEXT    NOT NULL,
    store       TEXT    NOT NULL,
    register    TEXT,
    lifecycle   TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    opened_at   TEXT    NOT NULL
) STRICT;

CREATE INDEX orders_by_ticket ON orders (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX orders_by_reference ON orders (reference) WHERE reference <> '';

-- The history. A position is one more than the highest, and no entry is ever deleted: it is never used twice, so a
-- bookmark stays true for ever. (AUTOINCREMENT says the same for a page more in every commit.)
CREATE TABLE entries (
    position   INTEGER NOT NULL PRIMARY KEY,
    order_id   TEXT    NOT NULL REFERENCES orders (order_id),
    version    INTEGER NOT NULL CHECK (version >= 1),
    kind       TEXT    NOT NULL,
    "trigger"  TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    at         TEXT    NOT NULL,
    "by"       TEXT,
    why        TEXT,
    intent     TEXT,
    command_id TEXT,
    digest     TEXT,
    code       TEXT,
    closes     TEXT,
    owner      TEXT,
    boot       TEXT,
    hard_end   REAL,
    body       BLOB    NOT NULL,
    UNIQUE (order_id, version)
) STRICT;

CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER orders_are_never_changed BEFORE UPDATE ON orders
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER orders_are_never_deleted BEFORE DELETE ON orders
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- What is open now, and only that: finding it costs what is open, not what was ever written.
CREATE TABLE open_intents (
    order_id       TEXT    NOT NULL REFERENCES orders (order_id),
    intent         TEXT    NOT NULL,
    since_position INTEGER NOT NULL,
    owner          TEXT    NOT NULL,
    boot           TEXT    NOT NULL,
    hard_end       REAL    NOT NULL,
    PRIMARY KEY (order_id, intent)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    command_id TEXT NOT NULL PRIMARY KEY,
    order_id   TEXT NOT NULL REFERENCES orders (order_id),
    digest     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- environment is part of the key: a sandbox numbers its orders on its own.
CREATE TABLE claims (
    tenant            TEXT NOT NULL,
    provider          TEXT NOT NULL,
    environment       TEXT NOT NULL,
    provider_order_id TEXT NOT NULL,
    order_id          TEXT NOT NULL REFERENCES orders (order_id),
    PRIMARY KEY (tenant, provider, environment, provider_order_id)
) STRICT, WITHOUT ROWID;

-- The only table about living people, so that `forget` is possible while the history stays.
CREATE TABLE personal (
    order_id TEXT    NOT NULL REFERENCES orders (order_id),
    version  INTEGER NOT NULL,
    subject  TEXT    NOT NULL,
    data     BLOB    NOT NULL,
    PRIMARY KEY (order_id, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX personal_by_subject ON personal (subject);
