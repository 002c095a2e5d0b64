-- Watches: orders somebody has to look after although nothing is open (a redemption that waits for its approval). A row
-- comes and goes with the entries that make it so; finding them costs what is watched, not what was ever written.

CREATE TABLE watches (
    why            TEXT    NOT NULL,
    order_id       TEXT    NOT NULL REFERENCES orders (order_id),
    since_position INTEGER NOT NULL,
    PRIMARY KEY (why, order_id)
) STRICT, WITHOUT ROWID;

-- What stood there already when this script came: the states of the lifecycles of that day that an observation leads out
-- of. One too many is looked at once and let go.
INSERT INTO watches (why, order_id, since_position)
SELECT 'observe', last.order_id, last.position
FROM orders JOIN entries AS last USING (order_id)
WHERE last.version = (SELECT MAX(version) FROM entries WHERE entries.order_id = orders.order_id)
    AND (orders.lifecycle, last.state) IN (
        VALUES ('REDEMPTION', 'pending_approval'), ('FULFILMENT', 'requested'), ('FULFILMENT', 'processing')
    );
