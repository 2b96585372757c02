/* The store for tests: rows in growing arrays, answers at the next turn of the loop. */
#include "adapters/store_memory_inner.h"

#include <tl_clock.h>
#include <tl_mem.h>

/** Room for one more row at the end. */
static int room(void **rows, size_t n, size_t size)
{
    void *p = tl_resize(*rows, n + 1, size);

    if (!p)
        return -ENOMEM;
    *rows = p;
    memset((char *)p + n * size, 0, size);
    return 0;
}

/* ---- answers at the next turn ----------------------------------------------------------- */

static void answer_done(struct answer *a)
{
    tl_free(a->rows);
    tl_free((void *)(uintptr_t)a->history.earlier);
    tl_free((void *)(uintptr_t)a->history.lines);
}

static void tell(void *arg)
{
    struct answer *a = arg;

    if (a->stored)
        a->stored(a->arg, a->err);
    else if (a->contacts)
        a->contacts(a->arg, a->err, a->rows, a->n);
    else if (a->threads)
        a->threads(a->arg, a->err, a->rows, a->n);
    else if (a->card)
        a->card(a->arg, a->err, &a->history);
    else if (a->messages)
        a->messages(a->arg, a->err, a->rows, a->n);
    else
        a->outbox(a->arg, a->err, a->rows, a->n);
    answer_done(a);
    tl_free(a);
}

int memory_later(struct memory *m, struct answer like)
{
    struct answer *a = tl_alloc(1, sizeof *a);
    int err = -ENOMEM;

    if (a) {
        *a = like;
        err = tl_loop_defer(m->loop, tell, a);
    }
    if (err) {
        tl_free(a);
        answer_done(&like);
    }
    return err;
}

/* ---- commit ----------------------------------------------------------------------------- */

struct contact_row *memory_contact(const struct memory *m, const struct tl_id *id)
{
    for (size_t i = 0; i < m->n_contacts; i++) {
        if (tl_id_eq(&m->contacts[i].c.id, id))
            return &m->contacts[i];
    }
    return NULL;
}

static struct thread_row *thread(struct memory *m, const struct tl_id *id)
{
    for (size_t i = 0; i < m->n_threads; i++) {
        if (tl_id_eq(&m->threads[i].t.id, id))
            return &m->threads[i];
    }
    return NULL;
}

/** What the unique indexes of PostgreSQL say. */
static int conflict(struct memory *m, const struct store_change *ch)
{
    const struct contact *c = ch->contact;

    for (size_t i = 0; c && !c->version && i < m->n_contacts; i++) {
        const struct contact *row = &m->contacts[i].c;

        if (tl_id_eq(&row->id, &c->id) || tl_id_eq(&row->request, &c->request))
            return -EEXIST;
        if (tl_id_eq(&row->session, &c->session) && contact_is_live(row) &&
            contact_has_audio(row) == contact_has_audio(c))
            return -EEXIST;
    }
    for (size_t i = 0; ch->message && i < m->n_messages; i++) {
        const struct contact_message *row = &m->messages[i];

        if (tl_id_eq(&row->id, &ch->message->id) ||
            (row->client_ref[0] && tl_id_eq(&row->contact, &ch->message->contact) &&
             row->from == ch->message->from &&
             strcmp(row->client_ref, ch->message->client_ref) == 0))
            return -EEXIST;
    }
    if (ch->survey && memory_contact(m, &ch->survey->contact)->survey)
        return -EEXIST;
    return 0;
}

static int put_contact(struct memory *m, const struct store_change *ch)
{
    struct contact_row *row;

    if (ch->contact->version) {
        row = memory_contact(m, &ch->contact->id);
        if (!row || row->c.version != ch->contact->version)
            return -EAGAIN;
    } else {
        if (room((void **)&m->contacts, m->n_contacts, sizeof *m->contacts))
            return -ENOMEM;
        row = &m->contacts[m->n_contacts++];
        if (ch->visit.n) {
            row->visit = tl_copy(ch->visit.s, ch->visit.n);
            row->visit_n = row->visit ? ch->visit.n : 0;
        }
    }
    row->c = *ch->contact;
    row->c.version++;
    row->due = ch->due;
    return 0;
}

static int put_event(struct memory *m, const struct outgoing_event *e)
{
    struct thread_row *t = thread(m, &e->thread);
    struct waiting_event *row;

    if (room((void **)&m->outbox, m->n_outbox, sizeof *m->outbox))
        return -ENOMEM;
    row = &m->outbox[m->n_outbox];
    row->payload = tl_copy(e->payload.s, e->payload.n);
    if (!row->payload)
        return -ENOMEM;
    m->n_outbox++;
    row->r = (struct outbox_row){.id = e->id,
                                 .thread = e->thread,
                                 .contact = e->contact,
                                 .boot = m->boot,
                                 .seq = ++m->seq,
                                 .thread_seq = t ? ++t->seq : 0,
                                 .at = e->at,
                                 .payload = {.s = row->payload, .n = e->payload.n}};
    (void)tl_str_put(row->r.name, sizeof row->r.name, tl_str(e->name));
    return 0;
}

static int put_rest(struct memory *m, const struct store_change *ch)
{
    struct contact_row *row;

    if (ch->message) {
        if (room((void **)&m->messages, m->n_messages, sizeof *m->messages))
            return -ENOMEM;
        m->messages[m->n_messages++] = *ch->message;
    }
    row = ch->wrap_up ? memory_contact(m, &ch->wrap_up->contact) : NULL;
    if (row && !row->wrap_up) {
        row->wrap_up = tl_alloc(1, sizeof *row->wrap_up);
        if (row->wrap_up)
            *row->wrap_up = *ch->wrap_up;
    } else if (row && !row->wrap_up->disposition[0]) {
        memcpy(row->wrap_up->disposition, ch->wrap_up->disposition,
               sizeof row->wrap_up->disposition);
        if (ch->wrap_up->note[0])
            memcpy(row->wrap_up->note, ch->wrap_up->note, sizeof row->wrap_up->note);
    }
    row = ch->survey ? memory_contact(m, &ch->survey->contact) : NULL;
    if (row) {
        row->survey = tl_alloc(1, sizeof *row->survey);
        if (row->survey)
            *row->survey = *ch->survey;
    }
    return 0;
}

static int put(struct memory *m, const struct store_change *ch)
{
    struct thread_row *t;
    int err = conflict(m, ch);

    if (!err && ch->contact)
        err = put_contact(m, ch);
    if (!err && ch->open) {
        err = room((void **)&m->threads, m->n_threads, sizeof *m->threads);
        if (!err)
            m->threads[m->n_threads++].t = *ch->open;
    }
    for (int i = 0; !err && i < ch->n_link; i++) {
        t = thread(m, &ch->link[i]);
        if (t && tl_id_empty(&t->t.customer))
            t->t.customer = ch->contact->customer;
    }
    t = thread(m, &ch->touch);
    if (!err && t && t->t.last_at < ch->at)
        t->t.last_at = ch->at;
    if (!err)
        err = put_rest(m, ch);
    for (int i = 0; !err && i < ch->n_events; i++)
        err = put_event(m, &ch->events[i]);
    return err;
}

static int commit(struct store *s, const struct store_change *ch, store_done_fn *fn, void *arg)
{
    return memory_later(memory_of(s),
                        (struct answer){.err = put(memory_of(s), ch), .stored = fn, .arg = arg});
}

/* ---- outbox ----------------------------------------------------------------------------- */

static int outbox(struct store *s, int limit, store_outbox_fn *fn, void *arg)
{
    struct memory *m = memory_of(s);
    struct outbox_row *rows = tl_alloc((size_t)limit, sizeof *rows);
    int n = 0;

    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_outbox && n < limit; i++)
        rows[n++] = m->outbox[i].r;
    return memory_later(m, (struct answer){.rows = rows, .n = n, .outbox = fn, .arg = arg});
}

static int sent(struct store *s, uint64_t seq, store_done_fn *fn, void *arg)
{
    struct memory *m = memory_of(s);
    size_t n = 0;

    while (n < m->n_outbox && m->outbox[n].r.seq <= seq)
        tl_free(m->outbox[n++].payload);
    memmove(m->outbox, m->outbox + n, (m->n_outbox - n) * sizeof *m->outbox);
    m->n_outbox -= n;
    return memory_later(m, (struct answer){.stored = fn, .arg = arg});
}

static bool always(const struct store *s)
{
    TL_UNUSED(s);
    return true;
}

static struct store *close(struct store *s)
{
    struct memory *m = memory_of(s);

    for (size_t i = 0; i < m->n_contacts; i++) {
        tl_free(m->contacts[i].visit);
        tl_free(m->contacts[i].wrap_up);
        tl_free(m->contacts[i].survey);
    }
    for (size_t i = 0; i < m->n_outbox; i++)
        tl_free(m->outbox[i].payload);
    tl_free(m->threads);
    tl_free(m->contacts);
    tl_free(m->messages);
    tl_free(m->outbox);
    return tl_free(m);
}

int store_memory_open(struct store **ret, struct tl_loop *loop)
{
    static const struct store_ops ops = {.commit = commit,
                                         .list = memory_list,
                                         .threads = memory_threads,
                                         .card = memory_card,
                                         .messages = memory_messages,
                                         .outbox = outbox,
                                         .sent = sent,
                                         .leads = always,
                                         .ready = always,
                                         .close = close};
    struct memory *m = tl_alloc(1, sizeof *m);

    if (!m)
        return -ENOMEM;
    m->store.ops = &ops;
    m->loop = loop;
    m->boot = tl_id_new();
    *ret = &m->store;
    return 0;
}
