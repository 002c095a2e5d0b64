-- Seals: what the disk gives back is told from what was written (see `_seals`). Each entry is sealed over itself and the
-- seal before it in its order; the order's row holds how many entries there are and the last one's seal; a row of
-- personal data has a seal of its own, which goes with it. What stood here before is sealed as it is, by `_sealing`.

ALTER TABLE journal ADD COLUMN seal BLOB;

ALTER TABLE orders ADD COLUMN opened_seal BLOB;
ALTER TABLE orders ADD COLUMN last_version INTEGER;
ALTER TABLE orders ADD COLUMN last_seal BLOB;

-- held: 1 when personal data was written with the entry. beside: JSON of what else its append took (claims, lanes,
-- watches), so that every other table can be told from the entries.
ALTER TABLE entries ADD COLUMN held INTEGER;
ALTER TABLE entries ADD COLUMN beside TEXT;
ALTER TABLE entries ADD COLUMN seal BLOB;

ALTER TABLE personal ADD COLUMN data_seal BLOB;

-- Why personal data is not there any more: a hole with a line here was made by `forget`.
CREATE TABLE forgotten (
    order_id TEXT    NOT NULL REFERENCES orders (order_id),
    version  INTEGER NOT NULL,
    at       TEXT    NOT NULL,
    PRIMARY KEY (order_id, version)
) STRICT, WITHOUT ROWID;

-- Why a watch is not there any more although no entry ended it: somebody let go of the order at this version.
CREATE TABLE let_go (
    why      TEXT    NOT NULL,
    order_id TEXT    NOT NULL REFERENCES orders (order_id),
    version  INTEGER NOT NULL,
    PRIMARY KEY (why, order_id)
) STRICT, WITHOUT ROWID;

-- Who opened this file all the same, when it was found copied or shorter than it had been.
CREATE TABLE acceptances (
    number  INTEGER NOT NULL PRIMARY KEY,
    at      TEXT    NOT NULL,
    "by"    TEXT    NOT NULL,
    because TEXT    NOT NULL,
    found   TEXT    NOT NULL
) STRICT;

DROP TRIGGER entries_are_never_changed;
CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries WHEN OLD.seal IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- A till of an older release that has the file open still must not write what the others would take for damage.
CREATE TRIGGER entries_are_sealed BEFORE INSERT ON entries WHEN NEW.seal IS NULL
BEGIN SELECT RAISE(ABORT, 'an entry without a seal'); END;

DROP TRIGGER orders_are_never_changed;
CREATE TRIGGER orders_are_never_changed BEFORE UPDATE OF
    number, order_id, ticket, reference, provider, environment, tenant, store, register, lifecycle, fingerprint, opened_at
ON orders
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
