-- The truth about threads and contacts.  Idempotent: applied whenever its text changes.
-- Times are microseconds since 1970-01-01T00:00:00Z; ids are text; empty text means none.

CREATE TABLE IF NOT EXISTS threads (
    id          text PRIMARY KEY,
    visitor_id  text NOT NULL,
    customer_id text NOT NULL DEFAULT '',
    linked_at   bigint NOT NULL DEFAULT 0,   -- the visitor turned out to be the customer; 0: no
    seq         bigint NOT NULL DEFAULT 0,   -- thread_seq of the newest event
    opened_at   bigint NOT NULL,
    last_at     bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS threads_visitor ON threads (visitor_id, last_at DESC);
CREATE INDEX IF NOT EXISTS threads_customer ON threads (customer_id, last_at DESC) WHERE customer_id <> '';

-- One row for each contact; the columns are those of struct contact (adapters/store_pg.c).
CREATE TABLE IF NOT EXISTS contacts (
    id               text PRIMARY KEY,
    version          bigint NOT NULL,
    due_at           bigint NOT NULL,        -- when the phase is overdue
    thread_id        text NOT NULL REFERENCES threads (id),
    request_id       text NOT NULL UNIQUE,
    channel          integer NOT NULL,
    phase            text NOT NULL,
    outcome          integer NOT NULL,
    owed             integer NOT NULL,       -- work for other services that is not confirmed
    session_id       text NOT NULL,
    visitor_id       text NOT NULL,
    customer_id      text NOT NULL,
    visit_id         text NOT NULL,
    invitation_id    text NOT NULL,
    customer_name    text NOT NULL,
    tier             text NOT NULL,
    section          text NOT NULL,
    page_url         text NOT NULL,
    media            text NOT NULL,
    queue            text NOT NULL,
    skills           text NOT NULL,          -- comma between
    announcements    text NOT NULL,
    music            text NOT NULL,
    priority         integer NOT NULL,
    flow             text NOT NULL,
    attempt          integer NOT NULL DEFAULT 0,
    agent_id         text NOT NULL,
    agent_name       text NOT NULL,
    offer_id         text NOT NULL,
    epoch            bigint NOT NULL,
    acd_seq          bigint NOT NULL,
    cobrowse_consent boolean NOT NULL,
    cobrowse_active  boolean NOT NULL,
    requested_at     bigint NOT NULL,
    enqueued_at      bigint NOT NULL,
    since            bigint NOT NULL,
    ring_ends_at     bigint NOT NULL,
    wrap_up_ends_at  bigint NOT NULL,
    connected_at     bigint NOT NULL,
    held_at          bigint NOT NULL,
    ended_at         bigint NOT NULL,
    waited           bigint NOT NULL,
    talked           bigint NOT NULL,
    held             bigint NOT NULL,
    visit            bytea                   -- threadline.common.v1.Visit at the request
);
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS attempt integer NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS farewell text NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS unanswered_at bigint NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS idle_asked boolean NOT NULL DEFAULT false;
ALTER TABLE contacts ADD COLUMN IF NOT EXISTS resulted boolean NOT NULL DEFAULT false;

-- A session has one live contact with audio and one live chat.
CREATE UNIQUE INDEX IF NOT EXISTS contacts_live ON contacts (session_id, (channel <> 3))
    WHERE phase NOT IN ('wrap_up', 'ended');
CREATE INDEX IF NOT EXISTS contacts_open ON contacts (id) WHERE phase <> 'ended' OR owed <> 0;
CREATE INDEX IF NOT EXISTS contacts_due ON contacts (due_at) WHERE phase <> 'ended';
CREATE INDEX IF NOT EXISTS contacts_agent ON contacts (agent_id) WHERE phase <> 'ended';
CREATE INDEX IF NOT EXISTS contacts_thread ON contacts (thread_id, requested_at DESC);
CREATE INDEX IF NOT EXISTS contacts_visitor ON contacts (visitor_id, requested_at DESC);
CREATE INDEX IF NOT EXISTS contacts_customer ON contacts (customer_id, requested_at DESC)
    WHERE customer_id <> '';

CREATE TABLE IF NOT EXISTS messages (
    id         text PRIMARY KEY,
    contact_id text NOT NULL REFERENCES contacts (id),
    thread_id  text NOT NULL,
    from_role  integer NOT NULL,
    from_name  text NOT NULL,
    client_ref text NOT NULL,
    text       text NOT NULL CHECK (octet_length(text) <= 4096),
    sent_at    bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_contact ON messages (contact_id, id);
CREATE INDEX IF NOT EXISTS messages_thread ON messages (thread_id, id);
CREATE UNIQUE INDEX IF NOT EXISTS messages_ref ON messages (contact_id, from_role, client_ref)
    WHERE client_ref <> '';

CREATE TABLE IF NOT EXISTS wrap_ups (
    contact_id  text PRIMARY KEY REFERENCES contacts (id),
    agent_id    text NOT NULL,
    disposition text NOT NULL,
    note        text NOT NULL CHECK (octet_length(note) <= 4096),
    at          bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS surveys (
    contact_id text PRIMARY KEY REFERENCES contacts (id),
    score      integer NOT NULL CHECK (score BETWEEN 0 AND 5),
    at         bigint NOT NULL
);

-- Events that JetStream does not have yet.
CREATE TABLE IF NOT EXISTS outbox (
    seq        bigint PRIMARY KEY,
    event_id   text NOT NULL,
    name       text NOT NULL,
    thread_id  text NOT NULL,
    contact_id text NOT NULL,
    thread_seq bigint NOT NULL,
    boot       text NOT NULL,
    at         bigint NOT NULL,
    payload    bytea NOT NULL
);

-- One counter for all replicas, so boot is the life of the counter: that of this database.
CREATE TABLE IF NOT EXISTS producer_seq (
    producer text PRIMARY KEY,
    boot     text NOT NULL,
    seq      bigint NOT NULL
);
INSERT INTO producer_seq VALUES
    ('conversation', '0' || upper(substr(md5(random()::text || clock_timestamp()::text), 1, 25)), 0)
    ON CONFLICT DO NOTHING;

-- The next version of a row, or 40001 when somebody else was first: load again.
CREATE OR REPLACE FUNCTION conversation_next(is_now bigint, expected bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF is_now <> expected THEN
        RAISE EXCEPTION 'version % is now %', expected, is_now USING ERRCODE = '40001';
    END IF;
    RETURN is_now + 1;
END $$;

-- Number an event and put it out.  The row of producer_seq stays locked until the commit, so numbers
-- become visible in order and without a gap.
CREATE OR REPLACE FUNCTION conversation_emit(event text, event_name text, thread text, contact text,
                                   event_at bigint, body bytea) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    of_thread bigint;
    of_producer producer_seq%ROWTYPE;
BEGIN
    UPDATE threads SET seq = seq + 1 WHERE id = thread RETURNING seq INTO of_thread;
    UPDATE producer_seq SET seq = seq + 1 WHERE producer = 'conversation' RETURNING * INTO of_producer;
    INSERT INTO outbox VALUES (of_producer.seq, event, event_name, thread, contact,
                               coalesce(of_thread, 0), of_producer.boot, event_at, body);
    RETURN of_producer.seq;
END $$;
