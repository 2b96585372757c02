/* The store in PostgreSQL (schema.sql).  A change is one batch, which is one transaction. */
#include "adapters/pg_rows.h"
#include "adapters/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pg.h>

#define EVENTS_TOGETHER 8 /**< most events of one change */
#define STMTS_MAX       (8 + EVENTS_TOGETHER)
#define LEADER_KEY      "7163284"
#define LEAD_EVERY      TL_SEC(1)

struct pg_store {
    struct store store;
    struct tl_loop *loop;
    struct tl_pg *pg;     /**< facts and questions */
    struct tl_pg *leader; /**< one connection: holds the advisory lock and relays the outbox */
    struct tl_timer *timer;
    bool leads, asking, closing;
    struct tl_buf select, insert, update;
};

static struct pg_store *of(const struct store *s)
{
    return TL_CONTAINER(s, struct pg_store, store);
}

/** Who waits for an answer of PostgreSQL. */
struct asked {
    struct pg_store *st;
    void *arg;
    store_done_fn *stored;
    store_contacts_fn *contacts;
    store_threads_fn *threads;
    store_card_fn *card;
    store_messages_fn *messages;
    store_outbox_fn *outbox;
};

static struct asked *asked(struct pg_store *st, struct asked like)
{
    struct asked *a = st->closing ? NULL : tl_alloc(1, sizeof *a);

    if (a) {
        *a = like;
        a->st = st;
    }
    return a;
}

static void note_trouble(int err, const char *sqlstate)
{
    if (err && err != -EEXIST && err != -EAGAIN && tl_log_allow("pg"))
        tl_warn("statement failed", TL_S("sqlstate", sqlstate ? sqlstate : ""), TL_E(err));
}

/* ---- commit ----------------------------------------------------------------------------- */

/** Statements of one change with room for their parameters. */
struct batch {
    struct tl_pg_stmt stmts[STMTS_MAX];
    int n;
    struct pg_row row;
    const char *params[STMTS_MAX][12];
    char numbers[STMTS_MAX][4][24];
    int lengths[PG_ROW_COLUMNS_MAX], formats[PG_ROW_COLUMNS_MAX];
    int event_lengths[EVENTS_TOGETHER][6];
    char ids[THREADS_MAX * (TL_ID_MAX + 2) + 3];
};

static const char *number(struct batch *b, int i, int64_t value)
{
    (void)snprintf(b->numbers[b->n][i], sizeof b->numbers[b->n][i], "%" PRId64, value);
    return b->numbers[b->n][i];
}

static void add(struct batch *b, const char *sql, int n)
{
    b->stmts[b->n] = (struct tl_pg_stmt){.sql = sql, .n = n, .params = b->params[b->n]};
    b->n++;
}

static void add_contact(struct batch *b, struct pg_store *st, const struct store_change *ch)
{
    const struct contact *c = ch->contact;
    struct pg_row *row = &b->row;

    pg_row_from(row, c);
    row->params[row->n++] = number(b, 0, ch->due);
    row->params[row->n++] = c->version    ? number(b, 1, c->version)
                            : ch->visit.n ? ch->visit.s
                                          : NULL;
    if (!c->version) { /* the visit is binary */
        b->lengths[row->n - 1] = (int)ch->visit.n;
        b->formats[row->n - 1] = 1;
    }
    b->stmts[b->n++] = (struct tl_pg_stmt){.sql = c->version ? st->update.p : st->insert.p,
                                           .n = row->n,
                                           .params = row->params,
                                           .lengths = b->lengths,
                                           .formats = b->formats};
}

static void add_threads(struct batch *b, const struct store_change *ch)
{
    const char **p = b->params[b->n];
    size_t n = 0;

    if (ch->open) {
        p[0] = ch->open->id.s;
        p[1] = ch->open->visitor.s;
        p[2] = ch->open->customer.s;
        p[3] = number(b, 0, ch->at);
        add(b,
            "INSERT INTO threads (id, visitor_id, customer_id, opened_at, last_at)"
            " VALUES ($1, $2, $3, $4::bigint, $4::bigint)",
            4);
    } else if (!tl_id_empty(&ch->touch)) {
        p[0] = ch->touch.s;
        p[1] = number(b, 0, ch->at);
        add(b, "UPDATE threads SET last_at = greatest(last_at, $2::bigint) WHERE id = $1", 2);
    }
    if (!ch->n_link)
        return;
    for (int i = 0; i < ch->n_link; i++)
        n += (size_t)snprintf(b->ids + n, sizeof b->ids - n, "%c%s", i ? ',' : '{', ch->link[i].s);
    (void)snprintf(b->ids + n, sizeof b->ids - n, "}");
    p = b->params[b->n];
    p[0] = b->ids;
    p[1] = ch->contact->customer.s;
    p[2] = number(b, 0, ch->at);
    add(b,
        "UPDATE threads SET customer_id = $2, linked_at = $3::bigint"
        " WHERE id = ANY ($1::text[]) AND customer_id = ''",
        3);
}

static void add_message(struct batch *b, const struct contact_message *m)
{
    const char **p = b->params[b->n];

    p[0] = m->id.s;
    p[1] = m->contact.s;
    p[2] = m->thread.s;
    p[3] = number(b, 0, m->from);
    p[4] = m->from_name;
    p[5] = m->client_ref;
    p[6] = m->text;
    p[7] = number(b, 1, m->sent_at);
    add(b, "INSERT INTO messages VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", 8);
}

static void add_wrap_up(struct batch *b, const struct contact_wrap_up *w)
{
    const char **p = b->params[b->n];

    p[0] = w->contact.s;
    p[1] = w->agent.s;
    p[2] = w->disposition;
    p[3] = w->note;
    p[4] = number(b, 0, w->at);
    add(b, "INSERT INTO wrap_ups VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", 5);
}

static void add_survey(struct batch *b, const struct contact_survey *s)
{
    const char **p = b->params[b->n];

    p[0] = s->contact.s;
    p[1] = number(b, 0, s->score);
    p[2] = number(b, 1, s->at);
    add(b, "INSERT INTO surveys VALUES ($1, $2, $3)", 3);
}

static void add_event(struct batch *b, int i, const struct outgoing_event *e)
{
    static const int formats[6] = {0, 0, 0, 0, 0, 1};
    const char **p = b->params[b->n];

    p[0] = e->id.s;
    p[1] = e->name;
    p[2] = e->thread.s;
    p[3] = e->contact.s;
    p[4] = number(b, 0, e->at);
    p[5] = e->payload.s;
    b->event_lengths[i][5] = (int)e->payload.n;
    add(b, "SELECT conversation_emit($1, $2, $3, $4, $5, $6)", 6);
    b->stmts[b->n - 1].lengths = b->event_lengths[i];
    b->stmts[b->n - 1].formats = formats;
}

static void committed(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct asked *a = arg;

    TL_UNUSED(results);
    TL_UNUSED(n);
    note_trouble(err, sqlstate);
    a->stored(a->arg, err);
    tl_free(a);
}

static int commit(struct store *s, const struct store_change *ch, store_done_fn *fn, void *arg)
{
    struct pg_store *st = of(s);
    struct batch *b = tl_alloc(1, sizeof *b);
    struct asked *a = asked(st, (struct asked){.stored = fn, .arg = arg});
    int err = b && a ? 0 : -ENOMEM;

    if (err)
        goto out;
    if (ch->open)
        add_threads(b, ch); /* the contact refers to it */
    if (ch->contact)
        add_contact(b, st, ch);
    if (!ch->open)
        add_threads(b, ch);
    if (ch->message)
        add_message(b, ch->message);
    if (ch->wrap_up)
        add_wrap_up(b, ch->wrap_up);
    if (ch->survey)
        add_survey(b, ch->survey);
    for (int i = 0; i < ch->n_events && i < EVENTS_TOGETHER; i++)
        add_event(b, i, &ch->events[i]);
    err = tl_pg_batch(st->pg, b->stmts, b->n, committed, a);
out:
    if (err)
        tl_free(a);
    tl_free(b);
    return err;
}

/* ---- contacts --------------------------------------------------------------------------- */

static void contacts_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct asked *a = arg;
    int rows = !err && n ? PQntuples(results[0]) : 0;
    struct contact *c = rows ? tl_alloc((size_t)rows, sizeof *c) : NULL;

    note_trouble(err, sqlstate);
    if (!err && rows && !c)
        err = -ENOMEM;
    for (int i = 0; !err && i < rows; i++)
        err = pg_row_to(&c[i], results[0], i);
    a->contacts(a->arg, err, c, err ? 0 : rows);
    tl_free(c);
    tl_free(a);
}

static int list(struct store *s, const struct store_query *q, store_contacts_fn *fn, void *arg)
{
    static const char *const where[] = {
        [QUERY_ID] = "id = $1 LIMIT $2::int",
        [QUERY_REQUEST] = "request_id = $1 LIMIT $2::int",
        [QUERY_SESSION] = "session_id = $1 AND phase NOT IN ('wrap_up', 'ended')"
                          " ORDER BY id LIMIT $2::int",
        [QUERY_AGENT] = "agent_id = $1 AND phase IN ('ringing', 'connected', 'held', 'wrap_up')"
                        " ORDER BY id LIMIT $2::int",
        [QUERY_WAITING] = "id > $1 AND (phase <> 'ended' OR owed <> 0)"
                          " AND phase IN ('routed', 'waiting', 'ringing')"
                          " ORDER BY id LIMIT $2::int",
        [QUERY_OPEN] = "id > $1 AND (phase <> 'ended' OR owed <> 0) ORDER BY id LIMIT $2::int",
        [QUERY_DUE] = "phase <> 'ended' AND due_at <= $1::bigint ORDER BY due_at LIMIT $2::int",
    };
    struct pg_store *st = of(s);
    struct asked *a = asked(st, (struct asked){.contacts = fn, .arg = arg});
    struct tl_buf sql = TL_BUF(8192);
    char limit[16], at[24];
    const char *params[2] = {q->kind == QUERY_DUE ? at : q->id.s, limit};
    struct tl_pg_stmt stmt = {.n = 2, .params = params};
    int err;

    (void)snprintf(limit, sizeof limit, "%d", q->limit);
    (void)snprintf(at, sizeof at, "%" PRId64, q->at);
    tl_buf_printf(&sql, "%s WHERE %s", st->select.p, where[q->kind]);
    stmt.sql = sql.p;
    err = a ? sql.err : -ENOMEM;
    if (!err)
        err = tl_pg_batch(st->pg, &stmt, 1, contacts_came, a);
    if (err)
        tl_free(a);
    tl_buf_done(&sql);
    return err;
}

/* ---- threads, card, messages ------------------------------------------------------------ */

static void threads_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct asked *a = arg;
    struct thread rows[THREADS_MAX];
    int count = !err && n ? TL_LOWER(PQntuples(results[0]), THREADS_MAX) : 0;

    note_trouble(err, sqlstate);
    for (int i = 0; i < count; i++) {
        rows[i] = (struct thread){.last_at = pg_row_number(results[0], i, 3)};
        pg_row_text(results[0], i, 0, rows[i].id.s, sizeof rows[i].id.s);
        pg_row_text(results[0], i, 1, rows[i].visitor.s, sizeof rows[i].visitor.s);
        pg_row_text(results[0], i, 2, rows[i].customer.s, sizeof rows[i].customer.s);
    }
    a->threads(a->arg, err, rows, count);
    tl_free(a);
}

static int threads(struct store *s, const struct tl_id *visitor, const struct tl_id *customer,
                   tl_time since, store_threads_fn *fn, void *arg)
{
    struct asked *a = asked(of(s), (struct asked){.threads = fn, .arg = arg});
    char at[24];
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(at, sizeof at, "%" PRId64, since);
    err = tl_pg_exec(of(s)->pg, threads_came, a,
                     "SELECT id, visitor_id, customer_id, last_at FROM threads"
                     " WHERE ((visitor_id = $1 AND $1 <> '') OR (customer_id = $2 AND $2 <> ''))"
                     " AND last_at >= $3::bigint ORDER BY last_at DESC LIMIT 10",
                     3, visitor->s, customer->s, at);
    if (err)
        tl_free(a);
    return err;
}

static void card_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct asked *a = arg;
    struct earlier_contact *rows = tl_alloc(CARD_EARLIER_MAX, sizeof *rows);
    int count = 0;
    unsigned char *visit = NULL;
    size_t size = 0;

    note_trouble(err, sqlstate);
    if (!err && (n != 2 || !rows))
        err = rows ? -EIO : -ENOMEM;
    if (!err && PQntuples(results[0]) && !PQgetisnull(results[0], 0, 0))
        visit = PQunescapeBytea((const unsigned char *)PQgetvalue(results[0], 0, 0), &size);
    for (; !err && count < PQntuples(results[1]) && count < CARD_EARLIER_MAX; count++) {
        struct earlier_contact *e = &rows[count];

        pg_row_text(results[1], count, 0, e->contact.s, sizeof e->contact.s);
        pg_row_text(results[1], count, 1, e->thread.s, sizeof e->thread.s);
        e->channel = (enum contact_channel)pg_row_number(results[1], count, 2);
        e->at = pg_row_number(results[1], count, 3);
        pg_row_text(results[1], count, 4, e->agent_name, sizeof e->agent_name);
        pg_row_text(results[1], count, 5, e->disposition, sizeof e->disposition);
        pg_row_text(results[1], count, 6, e->note, sizeof e->note);
    }
    a->card(a->arg, err, (struct tl_str){.s = (const char *)visit, .n = visit ? size : 0}, rows,
            count);
    PQfreemem(visit);
    tl_free(rows);
    tl_free(a);
}

static int card(struct store *s, const struct contact *c, store_card_fn *fn, void *arg)
{
    struct asked *a = asked(of(s), (struct asked){.card = fn, .arg = arg});
    char at[24];
    const char *params[] = {c->id.s, c->thread.s, c->visitor.s, c->customer.s, at};
    const struct tl_pg_stmt stmts[2] = {
        {.sql = "SELECT visit FROM contacts WHERE id = $1", .n = 1, .params = params},
        {.sql = "SELECT c.id, c.thread_id, c.channel, c.requested_at, c.agent_name,"
                " coalesce(w.disposition, ''), coalesce(w.note, '')"
                " FROM contacts c LEFT JOIN wrap_ups w ON w.contact_id = c.id"
                " WHERE c.id <> $1 AND c.requested_at <= $5::bigint AND (c.thread_id = $2"
                " OR (c.customer_id <> '' AND c.customer_id = $4)"
                " OR (c.customer_id = '' AND $3 <> '' AND c.visitor_id = $3))"
                " ORDER BY c.requested_at DESC LIMIT 10",
         .n = 5,
         .params = params}};
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(at, sizeof at, "%" PRId64, c->requested_at);
    err = tl_pg_batch(of(s)->pg, stmts, 2, card_came, a);
    if (err)
        tl_free(a);
    return err;
}

static void messages_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct asked *a = arg;
    int count = !err && n ? PQntuples(results[0]) : 0;
    struct contact_message *rows = count ? tl_alloc((size_t)count, sizeof *rows) : NULL;

    note_trouble(err, sqlstate);
    if (count && !rows)
        err = -ENOMEM;
    for (int i = 0; !err && i < count; i++) {
        struct contact_message *m = &rows[i];

        pg_row_text(results[0], i, 0, m->id.s, sizeof m->id.s);
        pg_row_text(results[0], i, 1, m->contact.s, sizeof m->contact.s);
        pg_row_text(results[0], i, 2, m->thread.s, sizeof m->thread.s);
        m->from = (enum contact_role)pg_row_number(results[0], i, 3);
        pg_row_text(results[0], i, 4, m->from_name, sizeof m->from_name);
        pg_row_text(results[0], i, 5, m->client_ref, sizeof m->client_ref);
        pg_row_text(results[0], i, 6, m->text, sizeof m->text);
        m->sent_at = pg_row_number(results[0], i, 7);
    }
    a->messages(a->arg, err, rows, err ? 0 : count);
    tl_free(rows);
    tl_free(a);
}

static int messages(struct store *s, const struct tl_id *contact, const char *client_ref,
                    store_messages_fn *fn, void *arg)
{
    struct asked *a = asked(of(s), (struct asked){.messages = fn, .arg = arg});
    int err;

    if (!a)
        return -ENOMEM;
    err = tl_pg_exec(of(s)->pg, messages_came, a,
                     "SELECT * FROM (SELECT id, contact_id, thread_id, from_role, from_name,"
                     " client_ref, text, sent_at FROM messages WHERE contact_id = $1"
                     " AND ($2::text IS NULL OR client_ref = $2::text)"
                     " ORDER BY id DESC LIMIT 200) newest ORDER BY id",
                     2, contact->s, client_ref);
    if (err)
        tl_free(a);
    return err;
}

/* ---- the outbox and who leads ----------------------------------------------------------- */

static void outbox_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct asked *a = arg;
    int count = !err && n ? PQntuples(results[0]) : 0;
    struct outbox_row *rows = count ? tl_alloc((size_t)count, sizeof *rows) : NULL;
    size_t size;

    note_trouble(err, sqlstate);
    if (count && !rows)
        err = -ENOMEM;
    for (int i = 0; !err && i < count; i++) {
        struct outbox_row *r = &rows[i];

        r->seq = (uint64_t)pg_row_number(results[0], i, 0);
        pg_row_text(results[0], i, 1, r->id.s, sizeof r->id.s);
        pg_row_text(results[0], i, 2, r->name, sizeof r->name);
        pg_row_text(results[0], i, 3, r->thread.s, sizeof r->thread.s);
        pg_row_text(results[0], i, 4, r->contact.s, sizeof r->contact.s);
        r->thread_seq = (uint64_t)pg_row_number(results[0], i, 5);
        pg_row_text(results[0], i, 6, r->boot.s, sizeof r->boot.s);
        r->at = pg_row_number(results[0], i, 7);
        r->payload.s = (const char *)PQunescapeBytea(
            (const unsigned char *)PQgetvalue(results[0], i, 8), &size);
        r->payload.n = r->payload.s ? size : 0;
    }
    a->outbox(a->arg, err, rows, err ? 0 : count);
    for (int i = 0; rows && i < count; i++)
        PQfreemem((void *)(uintptr_t)rows[i].payload.s);
    tl_free(rows);
    tl_free(a);
}

static int outbox(struct store *s, int limit, store_outbox_fn *fn, void *arg)
{
    struct asked *a = asked(of(s), (struct asked){.outbox = fn, .arg = arg});
    char text[16];
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(text, sizeof text, "%d", limit);
    err = tl_pg_exec(of(s)->leader, outbox_came, a,
                     "SELECT seq, event_id, name, thread_id, contact_id, thread_seq, boot, at,"
                     " payload FROM outbox ORDER BY seq LIMIT $1::int",
                     1, text);
    if (err)
        tl_free(a);
    return err;
}

static int sent(struct store *s, uint64_t seq, store_done_fn *fn, void *arg)
{
    struct asked *a = asked(of(s), (struct asked){.stored = fn, .arg = arg});
    char text[24];
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(text, sizeof text, "%" PRIu64, seq);
    err = tl_pg_exec(of(s)->leader, committed, a, "DELETE FROM outbox WHERE seq <= $1::bigint", 1,
                     text);
    if (err)
        tl_free(a);
    return err;
}

static void lock_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct pg_store *st = arg;

    TL_UNUSED(sqlstate);
    st->asking = false;
    if (!err && n && PQntuples(results[0]) && PQgetvalue(results[0], 0, 0)[0] == 't') {
        st->leads = true;
        tl_info("this replica relays the outbox and reconciles");
    }
}

/** The lock is held by the session of the leader's one connection, and goes with it. */
static void ask_lock(void *arg)
{
    struct pg_store *st = arg;

    if (st->closing || st->leads || st->asking || !tl_pg_ready(st->leader))
        return;
    st->asking = tl_pg_exec(st->leader, lock_came, st,
                            "SELECT pg_try_advisory_lock(" LEADER_KEY ")", 0) == 0;
}

static void connected(void *arg)
{
    struct pg_store *st = arg;

    st->leads = false; /* a new session holds nothing */
    ask_lock(st);
}

static bool leads(const struct store *s)
{
    return of(s)->leads && tl_pg_ready(of(s)->leader);
}

static bool ready(const struct store *s)
{
    return tl_pg_ready(of(s)->pg);
}

/* ---- open and close --------------------------------------------------------------------- */

static struct store *close(struct store *s)
{
    struct pg_store *st = of(s);

    st->closing = true; /* nothing new while the rest is called off */
    st->timer = tl_timer_free(st->timer);
    st->pg = tl_pg_close(st->pg);
    st->leader = tl_pg_close(st->leader);
    tl_buf_done(&st->select);
    tl_buf_done(&st->insert);
    tl_buf_done(&st->update);
    return tl_free(st);
}

static int write_sql(struct pg_store *st)
{
    int n = pg_row_columns();

    st->select = st->insert = st->update = TL_BUF(8192);
    tl_buf_puts(&st->select, "SELECT ");
    pg_row_names(&st->select);
    tl_buf_puts(&st->select, ", version FROM contacts");
    tl_buf_puts(&st->insert, "INSERT INTO contacts (");
    pg_row_names(&st->insert);
    tl_buf_puts(&st->insert, ", due_at, visit, version) VALUES (");
    pg_row_marks(&st->insert);
    tl_buf_printf(&st->insert, ", $%d, $%d, 1)", n + 1, n + 2);
    tl_buf_puts(&st->update, "UPDATE contacts SET ");
    pg_row_sets(&st->update);
    tl_buf_printf(&st->update,
                  ", due_at = $%d, version = conversation_next(version, $%d) WHERE id = $1", n + 1,
                  n + 2);
    return st->select.err ? st->select.err : st->insert.err ? st->insert.err : st->update.err;
}

int store_pg_open(struct store **ret, struct tl_loop *loop, const struct store_pg_opts *opts)
{
    static const struct store_ops ops = {.commit = commit,
                                         .list = list,
                                         .threads = threads,
                                         .card = card,
                                         .messages = messages,
                                         .outbox = outbox,
                                         .sent = sent,
                                         .leads = leads,
                                         .ready = ready,
                                         .close = close};
    struct tl_pg_opts main_opts = {
        .conninfo = opts->conninfo, .password = opts->password, .pool = opts->pool};
    struct tl_pg_opts leader_opts = {
        .conninfo = opts->conninfo, .password = opts->password, .pool = 1};
    struct pg_store *st = tl_alloc(1, sizeof *st);
    int err = st ? 0 : -ENOMEM;

    if (err)
        return err;
    st->store.ops = &ops;
    st->loop = loop;
    err = write_sql(st);
    if (!err)
        err = tl_pg_open(&st->pg, loop, &main_opts);
    if (!err)
        err = tl_pg_open(&st->leader, loop, &leader_opts);
    if (!err)
        err = tl_timer_new(&st->timer, loop, ask_lock, st);
    if (err) {
        close(&st->store);
        return err;
    }
    tl_pg_on_connect(st->leader, connected, st);
    tl_timer_every(st->timer, LEAD_EVERY);
    *ret = &st->store;
    return 0;
}
