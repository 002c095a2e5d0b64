PRAGMA application_id = 1398033744;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE claims (
    tenant            TEXT NOT NULL,
    provider          TEXT NOT NULL,
    environment       TEXT NOT NULL,
    provider_order_id TEXT NOT NULL,
    order_id          TEXT NOT NULL REFERENCES orders (order_id),
    PRIMARY KEY (tenant, provider, environment, provider_order_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "claims" VALUES('default','spendgo','sandbox','p1','b');
INSERT INTO "claims" VALUES('default','spendgo','sandbox','p2','b');
CREATE TABLE commands (
    command_id TEXT NOT NULL PRIMARY KEY,
    order_id   TEXT NOT NULL REFERENCES orders (order_id),
    digest     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "commands" VALUES('c1','a','d1');
INSERT INTO "commands" VALUES('c2','b','d2');
INSERT INTO "commands" VALUES('c3','c','d3');
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
INSERT INTO "entries" VALUES(1,'a',1,'intent','place','placed','2026-11-22T12:00:00.123456+00:00',NULL,NULL,'a1','c1','d1',NULL,NULL,'o1','b',10.5,X'7B7D');
INSERT INTO "entries" VALUES(2,'b',1,'intent','place','placed','2026-11-22T12:00:00.123456+00:00',NULL,NULL,'b1','c2','d2',NULL,NULL,'o1','b',10.5,X'7B7D');
INSERT INTO "entries" VALUES(3,'b',2,'accepted','place','pending_approval','2026-11-22T12:00:00.123456+00:00',NULL,NULL,'b1',NULL,NULL,NULL,'["b1"]',NULL,NULL,NULL,X'7B226661637473223A7B7D7D');
INSERT INTO "entries" VALUES(4,'c',1,'accepted','place','placed','2026-11-22T12:00:00.123456+00:00',NULL,'naïve ☕',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'7B7D');
INSERT INTO "entries" VALUES(5,'a',2,'unknown','place','placed','2026-11-22T12:00:00.123456+00:00',NULL,'ReadTimeout','a1',NULL,NULL,'provider.no_answer',NULL,NULL,NULL,NULL,X'7B7D');
INSERT INTO "entries" VALUES(6,'c',2,'queued','place','placed','2026-11-22T12:00:00.123456+00:00',NULL,NULL,NULL,'c3','d3',NULL,NULL,NULL,NULL,NULL,X'7B7D');
CREATE TABLE journal (
    only_row   INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    id         TEXT    NOT NULL,
    created_at TEXT    NOT NULL
) STRICT;
INSERT INTO "journal" VALUES(1,'7767ec26b816a94f5d6b44d3f053eae1','2026-11-22T13:47:39.495Z');
CREATE TABLE lanes (
    tenant      TEXT NOT NULL,
    provider    TEXT NOT NULL,
    environment TEXT NOT NULL,
    lane        TEXT NOT NULL,
    order_id    TEXT NOT NULL REFERENCES orders (order_id),
    intent      TEXT NOT NULL,
    PRIMARY KEY (tenant, provider, environment, lane)
) STRICT, WITHOUT ROWID;
INSERT INTO "lanes" VALUES('default','spendgo','sandbox','l','a','a1');
CREATE TABLE open_intents (
    order_id       TEXT    NOT NULL REFERENCES orders (order_id),
    intent         TEXT    NOT NULL,
    since_position INTEGER NOT NULL,
    owner          TEXT    NOT NULL,
    boot           TEXT    NOT NULL,
    hard_end       REAL    NOT NULL,
    PRIMARY KEY (order_id, intent)
) STRICT, WITHOUT ROWID;
INSERT INTO "open_intents" VALUES('a','a1',1,'o1','b',10.5);
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
INSERT INTO "orders" VALUES(1,'a','1042','AAAA-BBBB','spendgo','sandbox','default','12',NULL,'purchase','f1','2026-11-22T12:00:00.123456+00:00');
INSERT INTO "orders" VALUES(2,'b',NULL,'','spendgo','sandbox','default','12',NULL,'purchase','f1','2026-11-22T12:00:00.123456+00:00');
INSERT INTO "orders" VALUES(3,'c',NULL,'','spendgo','sandbox','default','12',NULL,'purchase','f1','2026-11-22T12:00:00.123456+00:00');
CREATE TABLE personal (
    order_id TEXT    NOT NULL REFERENCES orders (order_id),
    version  INTEGER NOT NULL,
    subject  TEXT    NOT NULL,
    data     BLOB    NOT NULL,
    PRIMARY KEY (order_id, version)
) STRICT, WITHOUT ROWID;
INSERT INTO "personal" VALUES('a',1,'spendgo:default:mia',X'7B2262757965722E6964223A226D6961227D');
CREATE INDEX orders_by_ticket ON orders (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX orders_by_reference ON orders (reference) WHERE reference <> '';
CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER orders_are_never_changed BEFORE UPDATE ON orders
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER orders_are_never_deleted BEFORE DELETE ON orders
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE INDEX personal_by_subject ON personal (subject);
COMMIT;
