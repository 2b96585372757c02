/* One change is one batch, which is one transaction. */
#include "adapters/store_pg_inner.h"

#define EVENTS_TOGETHER 8 /**< most events of one change */
#define STMTS_MAX       (8 + EVENTS_TOGETHER)

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
    add(b,
        "INSERT INTO wrap_ups VALUES ($1, $2, $3, $4, $5) ON CONFLICT (contact_id) DO UPDATE"
        " SET disposition = excluded.disposition, at = excluded.at,"
        " note = coalesce(nullif(excluded.note, ''), wrap_ups.note)"
        " WHERE wrap_ups.disposition = ''",
        5);
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

void pg_stored(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    struct pg_asked *a = arg;

    TL_UNUSED(results);
    TL_UNUSED(n);
    pg_note_trouble(err, sqlstate);
    a->stored(a->arg, err);
    tl_free(a);
}

int pg_commit(struct store *s, const struct store_change *ch, store_done_fn *fn, void *arg)
{
    struct pg_store *st = pg_of(s);
    struct batch *b = tl_alloc(1, sizeof *b);
    struct pg_asked *a = pg_asked(st, (struct pg_asked){.stored = fn, .arg = arg});
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
    err = tl_pg_batch(st->pg, b->stmts, b->n, pg_stored, a);
out:
    if (err)
        tl_free(a);
    tl_free(b);
    return err;
}
