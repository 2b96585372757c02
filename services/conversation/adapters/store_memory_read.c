/* Questions to the store in memory: contacts, threads, cards, transcripts. */
#include "adapters/store_memory_inner.h"

#include <stdlib.h>
#include <tl_mem.h>

static bool wanted(const struct contact_row *row, const struct store_query *q)
{
    const struct contact *c = &row->c;

    switch (q->kind) {
    case QUERY_ID: return tl_id_eq(&c->id, &q->id);
    case QUERY_REQUEST: return tl_id_eq(&c->request, &q->id);
    case QUERY_SESSION: return tl_id_eq(&c->session, &q->id) && contact_is_live(c);
    case QUERY_AGENT:
        return tl_id_eq(&c->agent, &q->id) && c->phase >= PHASE_RINGING &&
               c->phase <= PHASE_WRAP_UP;
    case QUERY_WAITING:
        return c->phase >= PHASE_ROUTED && c->phase <= PHASE_RINGING &&
               strcmp(c->id.s, q->id.s) > 0;
    case QUERY_OPEN: return (c->phase != PHASE_ENDED || c->owed) && strcmp(c->id.s, q->id.s) > 0;
    case QUERY_DUE: return row->due <= q->at && c->phase != PHASE_ENDED;
    }
    return false;
}

int memory_list(struct store *s, const struct store_query *q, store_contacts_fn *fn, void *arg)
{
    struct memory *m = memory_of(s);
    struct contact *rows = tl_alloc((size_t)q->limit, sizeof *rows);
    int n = 0;

    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_contacts && n < q->limit; i++) {
        if (wanted(&m->contacts[i], q))
            rows[n++] = m->contacts[i].c;
    }
    return memory_later(m, (struct answer){.rows = rows, .n = n, .contacts = fn, .arg = arg});
}

static int newest_first(const void *a, const void *b)
{
    const struct thread *x = a, *y = b;

    return (x->last_at < y->last_at) - (x->last_at > y->last_at);
}

int memory_threads(struct store *s, const struct tl_id *visitor, const struct tl_id *customer,
                   tl_time since, store_threads_fn *fn, void *arg)
{
    struct memory *m = memory_of(s);
    struct thread *rows = tl_alloc(m->n_threads + 1, sizeof *rows);
    int n = 0;

    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_threads; i++) {
        const struct thread *t = &m->threads[i].t;

        if (t->last_at >= since && ((!tl_id_empty(visitor) && tl_id_eq(&t->visitor, visitor)) ||
                                    (!tl_id_empty(customer) && tl_id_eq(&t->customer, customer))))
            rows[n++] = *t;
    }
    qsort(rows, (size_t)n, sizeof *rows, newest_first);
    return memory_later(
        m, (struct answer){.rows = rows, .n = TL_LOWER(n, THREADS_MAX), .threads = fn, .arg = arg});
}

static bool same_person(const struct contact *c, const struct contact *row)
{
    if (tl_id_eq(&row->thread, &c->thread))
        return true;
    if (!tl_id_empty(&row->customer))
        return tl_id_eq(&row->customer, &c->customer);
    return !tl_id_empty(&c->visitor) && tl_id_eq(&row->visitor, &c->visitor);
}

/** The newest lines of the thread's other contacts, oldest first. */
static int other_lines(const struct memory *m, const struct contact *c,
                       struct contact_message rows[CARD_LINES_MAX])
{
    int n = 0;

    for (size_t i = 0; i < m->n_messages; i++) {
        const struct contact_message *row = &m->messages[i];

        if (!tl_id_eq(&row->thread, &c->thread) || tl_id_eq(&row->contact, &c->id))
            continue;
        if (n == CARD_LINES_MAX)
            memmove(&rows[0], &rows[1], (size_t)(--n) * sizeof *rows);
        rows[n++] = *row;
    }
    return n;
}

int memory_card(struct store *s, const struct contact *c, store_card_fn *fn, void *arg)
{
    struct memory *m = memory_of(s);
    struct contact_row *me = memory_contact(m, &c->id);
    struct earlier_contact *rows = tl_alloc(CARD_EARLIER_MAX, sizeof *rows);
    struct contact_message *lines = tl_alloc(CARD_LINES_MAX, sizeof *lines);
    struct contact_history h = {.earlier = rows, .lines = lines};
    int n = 0;

    if (!rows || !lines) {
        tl_free(rows);
        tl_free(lines);
        return -ENOMEM;
    }
    if (me)
        h.visit = (struct tl_str){.s = me->visit, .n = me->visit_n};
    h.n_lines = other_lines(m, c, lines);
    for (size_t i = m->n_contacts; i-- && n < CARD_EARLIER_MAX;) {
        const struct contact_row *row = &m->contacts[i];
        struct earlier_contact *e = &rows[n];

        if (row == me || row->c.requested_at > c->requested_at || !same_person(c, &row->c))
            continue;
        n++;
        e->contact = row->c.id;
        e->thread = row->c.thread;
        e->channel = row->c.channel;
        e->at = row->c.requested_at;
        memcpy(e->agent_name, row->c.agent_name, sizeof e->agent_name);
        if (row->wrap_up) {
            memcpy(e->disposition, row->wrap_up->disposition, sizeof e->disposition);
            memcpy(e->note, row->wrap_up->note, sizeof e->note);
        }
    }
    h.n_earlier = n;
    return memory_later(m, (struct answer){.history = h, .card = fn, .arg = arg});
}

int memory_messages(struct store *s, const struct tl_id *id, const char *client_ref,
                    store_messages_fn *fn, void *arg)
{
    struct memory *m = memory_of(s);
    struct contact_message *rows = tl_alloc(SNAPSHOT_MESSAGES_MAX, sizeof *rows);
    int n = 0;

    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_messages; i++) {
        const struct contact_message *row = &m->messages[i];

        if (!tl_id_eq(&row->contact, id) || (client_ref && strcmp(row->client_ref, client_ref)))
            continue;
        if (n == SNAPSHOT_MESSAGES_MAX)
            memmove(&rows[0], &rows[1], (size_t)(--n) * sizeof *rows);
        rows[n++] = *row;
    }
    return memory_later(m, (struct answer){.rows = rows, .n = n, .messages = fn, .arg = arg});
}
