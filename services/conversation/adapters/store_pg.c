/* The store in PostgreSQL (schema.sql): its life, the outbox, and which replica leads. */
#include "adapters/store_pg_inner.h"

#define LEADER_KEY "7163284"
#define LEAD_EVERY TL_SEC(1)

struct pg_asked *pg_asked(struct pg_store *st, struct pg_asked like)
{
    struct pg_asked *a = st->closing ? NULL : tl_alloc(1, sizeof *a);

    if (a) {
        *a = like;
        a->st = st;
    }
    return a;
}

void pg_note_trouble(int err, const char *sqlstate)
{
    if (err && err != -EEXIST && err != -EAGAIN && tl_log_allow("pg"))
        tl_warn("statement failed", TL_S("sqlstate", sqlstate ? sqlstate : ""), TL_E(err));
}

/* ---- the outbox and who leads ----------------------------------------------------------- */

static void outbox_came(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct pg_asked *a = arg;
    int count = !err && n ? PQntuples(results[0]) : 0;
    struct outbox_row *rows = count ? tl_alloc((size_t)count, sizeof *rows) : NULL;
    size_t size;

    pg_note_trouble(err, sqlstate);
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
        if (!r->payload.s)
            err = -ENOMEM; /* an event without its bytes would be taken for junk, and lost */
    }
    a->outbox(a->arg, err, rows, err ? 0 : count);
    for (int i = 0; rows && i < count; i++)
        PQfreemem((void *)(uintptr_t)rows[i].payload.s);
    tl_free(rows);
    tl_free(a);
}

static int outbox(struct store *s, int limit, store_outbox_fn *fn, void *arg)
{
    struct pg_asked *a = pg_asked(pg_of(s), (struct pg_asked){.outbox = fn, .arg = arg});
    char text[16];
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(text, sizeof text, "%d", limit);
    err = tl_pg_exec(pg_of(s)->leader, outbox_came, a,
                     "SELECT seq, event_id, name, thread_id, contact_id, thread_seq, boot, at,"
                     " payload FROM outbox ORDER BY seq LIMIT $1::int",
                     1, text);
    if (err)
        tl_free(a);
    return err;
}

static int sent(struct store *s, uint64_t seq, store_done_fn *fn, void *arg)
{
    struct pg_asked *a = pg_asked(pg_of(s), (struct pg_asked){.stored = fn, .arg = arg});
    char text[24];
    int err;

    if (!a)
        return -ENOMEM;
    (void)snprintf(text, sizeof text, "%" PRIu64, seq);
    err = tl_pg_exec(pg_of(s)->leader, pg_stored, a, "DELETE FROM outbox WHERE seq <= $1::bigint",
                     1, text);
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
    return pg_of(s)->leads && tl_pg_ready(pg_of(s)->leader);
}

static bool ready(const struct store *s)
{
    return tl_pg_ready(pg_of(s)->pg);
}

/* ---- open and close --------------------------------------------------------------------- */

static struct store *close(struct store *s)
{
    struct pg_store *st = pg_of(s);

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
    static const struct store_ops ops = {.commit = pg_commit,
                                         .list = pg_list,
                                         .threads = pg_threads,
                                         .card = pg_card,
                                         .messages = pg_messages,
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
