/* Questions to PostgreSQL: contacts, threads, cards, transcripts. */
#include "adapters/store_pg_inner.h"

#define LINE "id, contact_id, thread_id, from_role, from_name, client_ref, text, sent_at"

static void contacts_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct pg_asked *a = arg;
    int rows = !err && n ? PQntuples(results[0]) : 0;
    struct contact *c = rows ? tl_alloc((size_t)rows, sizeof *c) : NULL;

    pg_note_trouble(err, sqlstate);
    if (!err && rows && !c)
        err = -ENOMEM;
    for (int i = 0; !err && i < rows; i++)
        err = pg_row_to(&c[i], results[0], i);
    a->contacts(a->arg, err, c, err ? 0 : rows);
    tl_free(c);
    tl_free(a);
}

int pg_list(struct store *s, const struct store_query *q, store_contacts_fn *fn, void *arg)
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
    struct pg_store *st = pg_of(s);
    struct pg_asked *a = pg_asked(st, (struct pg_asked){.contacts = fn, .arg = arg});
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
    struct pg_asked *a = arg;
    struct thread rows[THREADS_MAX];
    int count = !err && n ? TL_LOWER(PQntuples(results[0]), THREADS_MAX) : 0;

    pg_note_trouble(err, sqlstate);
    for (int i = 0; i < count; i++) {
        rows[i] = (struct thread){.last_at = pg_row_number(results[0], i, 3)};
        pg_row_text(results[0], i, 0, rows[i].id.s, sizeof rows[i].id.s);
        pg_row_text(results[0], i, 1, rows[i].visitor.s, sizeof rows[i].visitor.s);
        pg_row_text(results[0], i, 2, rows[i].customer.s, sizeof rows[i].customer.s);
    }
    a->threads(a->arg, err, rows, count);
    tl_free(a);
}

int pg_threads(struct store *s, const struct tl_id *visitor, const struct tl_id *customer,
               tl_time since, store_threads_fn *fn, void *arg)
{
    struct pg_asked *a = pg_asked(pg_of(s), (struct pg_asked){.threads = fn, .arg = arg});
    char at[24];
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(at, sizeof at, "%" PRId64, since);
    err = tl_pg_exec(pg_of(s)->pg, threads_came, a,
                     "SELECT id, visitor_id, customer_id, last_at FROM threads"
                     " WHERE ((visitor_id = $1 AND $1 <> '') OR (customer_id = $2 AND $2 <> ''))"
                     " AND last_at >= $3::bigint ORDER BY last_at DESC LIMIT 10",
                     3, visitor->s, customer->s, at);
    if (err)
        tl_free(a);
    return err;
}

/** Rows of "SELECT " LINE. */
static struct contact_message *read_lines(PGresult *res, int *ret_n)
{
    int n = PQntuples(res);
    struct contact_message *rows = tl_alloc((size_t)n + 1, sizeof *rows);

    for (int i = 0; rows && i < n; i++) {
        struct contact_message *m = &rows[i];

        pg_row_text(res, i, 0, m->id.s, sizeof m->id.s);
        pg_row_text(res, i, 1, m->contact.s, sizeof m->contact.s);
        pg_row_text(res, i, 2, m->thread.s, sizeof m->thread.s);
        m->from = (enum contact_role)pg_row_number(res, i, 3);
        pg_row_text(res, i, 4, m->from_name, sizeof m->from_name);
        pg_row_text(res, i, 5, m->client_ref, sizeof m->client_ref);
        pg_row_text(res, i, 6, m->text, sizeof m->text);
        m->sent_at = pg_row_number(res, i, 7);
    }
    *ret_n = rows ? n : 0;
    return rows;
}

static int read_earlier(PGresult *res, struct earlier_contact rows[CARD_EARLIER_MAX])
{
    int n = TL_LOWER(PQntuples(res), CARD_EARLIER_MAX);

    for (int i = 0; i < n; i++) {
        struct earlier_contact *e = &rows[i];

        pg_row_text(res, i, 0, e->contact.s, sizeof e->contact.s);
        pg_row_text(res, i, 1, e->thread.s, sizeof e->thread.s);
        e->channel = (enum contact_channel)pg_row_number(res, i, 2);
        e->at = pg_row_number(res, i, 3);
        pg_row_text(res, i, 4, e->agent_name, sizeof e->agent_name);
        pg_row_text(res, i, 5, e->disposition, sizeof e->disposition);
        pg_row_text(res, i, 6, e->note, sizeof e->note);
    }
    return n;
}

static void card_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct pg_asked *a = arg;
    struct earlier_contact *earlier = tl_alloc(CARD_EARLIER_MAX, sizeof *earlier);
    struct contact_message *lines = NULL;
    struct contact_history h = {.earlier = earlier};
    unsigned char *visit = NULL;

    pg_note_trouble(err, sqlstate);
    if (!err && n != 3)
        err = -EIO;
    if (!err) {
        lines = read_lines(results[2], &h.n_lines);
        err = earlier && lines ? 0 : -ENOMEM;
    }
    if (!err) {
        h.lines = lines;
        h.n_earlier = read_earlier(results[1], earlier);
        if (PQntuples(results[0]) && !PQgetisnull(results[0], 0, 0))
            visit =
                PQunescapeBytea((const unsigned char *)PQgetvalue(results[0], 0, 0), &h.visit.n);
        h.visit.s = (const char *)visit;
        h.visit.n = visit ? h.visit.n : 0;
    }
    a->card(a->arg, err, &h);
    PQfreemem(visit);
    tl_free(earlier);
    tl_free(lines);
    tl_free(a);
}

int pg_card(struct store *s, const struct contact *c, store_card_fn *fn, void *arg)
{
    struct pg_asked *a = pg_asked(pg_of(s), (struct pg_asked){.card = fn, .arg = arg});
    char at[24];
    const char *params[] = {c->id.s, c->thread.s, c->visitor.s, c->customer.s, at};
    const struct tl_pg_stmt stmts[3] = {
        {.sql = "SELECT visit FROM contacts WHERE id = $1", .n = 1, .params = params},
        {.sql = "SELECT c.id, c.thread_id, c.channel, c.requested_at, c.agent_name,"
                " coalesce(w.disposition, ''), coalesce(w.note, '')"
                " FROM contacts c LEFT JOIN wrap_ups w ON w.contact_id = c.id"
                " WHERE c.id <> $1 AND c.requested_at <= $5::bigint AND (c.thread_id = $2"
                " OR (c.customer_id <> '' AND c.customer_id = $4)"
                " OR (c.customer_id = '' AND $3 <> '' AND c.visitor_id = $3))"
                " ORDER BY c.requested_at DESC LIMIT 10",
         .n = 5,
         .params = params},
        {.sql = "SELECT * FROM (SELECT " LINE " FROM messages WHERE thread_id = $2"
                " AND contact_id <> $1 ORDER BY id DESC LIMIT 20) newest ORDER BY id",
         .n = 2,
         .params = params}};
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(at, sizeof at, "%" PRId64, c->requested_at);
    err = tl_pg_batch(pg_of(s)->pg, stmts, 3, card_came, a);
    if (err)
        tl_free(a);
    return err;
}

static void messages_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct pg_asked *a = arg;
    struct contact_message *rows = NULL;
    int count = 0;

    pg_note_trouble(err, sqlstate);
    if (!err && n) {
        rows = read_lines(results[0], &count);
        err = rows ? 0 : -ENOMEM;
    }
    a->messages(a->arg, err, rows, count);
    tl_free(rows);
    tl_free(a);
}

int pg_messages(struct store *s, const struct tl_id *contact, const char *client_ref,
                store_messages_fn *fn, void *arg)
{
    struct pg_asked *a = pg_asked(pg_of(s), (struct pg_asked){.messages = fn, .arg = arg});
    int err;

    if (!a)
        return -ENOMEM;
    err = tl_pg_exec(pg_of(s)->pg, messages_came, a,
                     "SELECT * FROM (SELECT " LINE " FROM messages WHERE contact_id = $1"
                     " AND ($2::text IS NULL OR client_ref = $2::text)"
                     " ORDER BY id DESC LIMIT 200) newest ORDER BY id",
                     2, contact->s, client_ref);
    if (err)
        tl_free(a);
    return err;
}
