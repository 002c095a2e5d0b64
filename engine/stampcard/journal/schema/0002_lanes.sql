-- Lanes: what only one order at a time may have an open intent for (a purchase that is found again by being new at the
-- provider). A lane is free again when its intent is closed, so nothing has to be deleted then: the row is taken over.

CREATE TABLE lanes (
    tenant      TEXT NOT NULL,
    provider    TEXT NOT NULL,
    environment TEXT NOT NULL,
    lane        TEXT NOT NULL,
    order_id    TEXT NOT NULL REFERENCES orders (order_id),
    intent      TEXT NOT NULL,
    PRIMARY KEY (tenant, provider, environment, lane)
) STRICT, WITHOUT ROWID;
