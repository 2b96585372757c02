/*
 * Queues, agents and contacts, each in a map by id; queues and agents also in arrays sorted by id.
 * A waiting contact stands in the list of its queue; every contact stands in one list by the time
 * it ended, for forgetting.  Allocation happens when a thing is first heard of, before anything
 * changes.
 */
#include "board_private.h"

#include <tl_mem.h>

/* ---- things by id --------------------------------------------------------------------------- */

static int sorted_reserve(struct sorted *s)
{
    struct tl_entry **rows;

    if (s->n < s->cap)
        return 0;
    rows = tl_resize(s->rows, s->cap ? s->cap * 2 : 16, sizeof(struct tl_entry *));
    if (!rows)
        return -ENOMEM;
    s->rows = rows;
    s->cap = s->cap ? s->cap * 2 : 16;
    return 0;
}

static void sorted_add(struct sorted *s, struct tl_entry *e)
{
    size_t i = s->n++;

    while (i > 0 && strcmp(s->rows[i - 1]->key.s, e->key.s) > 0) {
        s->rows[i] = s->rows[i - 1];
        i--;
    }
    s->rows[i] = e;
}

static struct queue *queue_find(const struct analytics_board *b, const struct tl_id *id)
{
    struct tl_entry *e = tl_map_find(&b->queues, tl_id_str(id));

    return e ? TL_CONTAINER(e, struct queue, entry) : NULL;
}

static struct queue *queue_get(struct analytics_board *b, const struct tl_id *id)
{
    struct queue *q = queue_find(b, id);

    if (q || sorted_reserve(&b->by_queue))
        return q;
    q = tl_alloc(1, sizeof(*q));
    if (!q)
        return NULL;
    q->id = *id;
    q->expected_wait = -1;
    tl_list_init(&q->waiting);
    if (tl_map_add(&b->queues, &q->entry, tl_id_str(&q->id)))
        return tl_free(q);
    sorted_add(&b->by_queue, &q->entry);
    return q;
}

static struct agent *agent_get(struct analytics_board *b, const struct tl_id *id)
{
    struct tl_entry *e = tl_map_find(&b->agents, tl_id_str(id));
    struct agent *a;

    if (e)
        return TL_CONTAINER(e, struct agent, entry);
    if (sorted_reserve(&b->by_agent))
        return NULL;
    a = tl_alloc(1, sizeof(*a));
    if (!a)
        return NULL;
    a->a.id = *id;
    if (tl_map_add(&b->agents, &a->entry, tl_id_str(&a->a.id)))
        return tl_free(a);
    sorted_add(&b->by_agent, &a->entry);
    return a;
}

static struct contact *contact_find(const struct analytics_board *b, const struct tl_id *id)
{
    struct tl_entry *e = tl_map_find(&b->contacts, tl_id_str(id));

    return e ? TL_CONTAINER(e, struct contact, entry) : NULL;
}

static struct contact *contact_new(struct analytics_board *b, const struct tl_id *id)
{
    struct contact *c = tl_alloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->id = *id;
    c->state = ENDED;
    if (tl_map_add(&b->contacts, &c->entry, tl_id_str(&c->id)))
        return tl_free(c);
    return c;
}

/* ---- a contact moves ------------------------------------------------------------------------ */

static void leave(struct analytics_board *b, struct contact *c)
{
    if (tl_link_used(&c->link))
        tl_list_remove(c->state == WAITING ? &c->queue->waiting : &b->ended, &c->link);
    if (c->state == CONNECTED)
        c->queue->connected--;
}

static void wait_in(struct analytics_board *b, struct contact *c, struct queue *q)
{
    leave(b, c);
    c->queue = q;
    c->state = WAITING;
    tl_list_append(&q->waiting, &c->link);
}

static void connect(struct analytics_board *b, struct contact *c)
{
    leave(b, c);
    c->state = CONNECTED;
    c->queue->connected++;
}

static void end(struct analytics_board *b, struct contact *c, tl_time at)
{
    leave(b, c);
    c->state = ENDED;
    c->ended_at = at;
    tl_list_append(&b->ended, &c->link);
}

static void forget(struct analytics_board *b, struct contact *c)
{
    leave(b, c);
    tl_map_remove(&b->contacts, &c->entry);
    tl_free(c);
}

static bool counts(const struct analytics_board *b, const struct analytics_fact *f)
{
    return f->at >= b->day;
}

/* ---- facts ---------------------------------------------------------------------------------- */

static int contact_queued(struct analytics_board *b, const struct analytics_fact *f)
{
    struct queue *q = queue_get(b, &f->queue);
    struct contact *c = q ? contact_find(b, &f->contact) : NULL;
    bool first = !c || c->queue != q || (c->state == ENDED && !c->answered);

    if (!q)
        return -ENOMEM;
    if (!c) {
        c = contact_new(b, &f->contact);
        if (!c)
            return -ENOMEM;
    } else if (c->state == WAITING && c->queue == q) {
        return 0; /* back in line, or told twice */
    } else if (c->state == ENDED && f->at <= c->ended_at) {
        return 0; /* told twice, and it is over by now */
    }
    if (first)
        c->answered = false;
    wait_in(b, c, q);
    c->enqueued_at = f->enqueued_at ? f->enqueued_at : f->at;
    if (first && counts(b, f))
        q->day.offered++;
    return 0;
}

static void accepted(struct analytics_board *b, struct contact *c, const struct analytics_fact *f)
{
    struct queue *q = c->queue;

    if (c->state != WAITING)
        return;
    connect(b, c);
    if (c->answered)
        return;
    c->answered = true;
    if (!counts(b, f))
        return;
    q->day.answered++;
    q->waited_sum += f->length;
    if (f->length <= ANALYTICS_SL_WITHIN)
        q->day.in_time++;
}

static void left_queue(struct analytics_board *b, struct contact *c, const struct analytics_fact *f)
{
    struct queue *q = c->queue;
    bool counted = c->state == WAITING && !c->answered && counts(b, f);

    if (c->state == ENDED)
        return;
    end(b, c, f->at);
    if (counted && f->kind == ANALYTICS_CONTACT_FLOWED_OUT) {
        q->day.flowed_out++;
    } else if (counted) {
        q->day.abandoned++;
        if (f->length < ANALYTICS_SHORT)
            q->day.short_abandoned++;
    }
}

static void released(struct analytics_board *b, struct contact *c, const struct analytics_fact *f)
{
    if (c->state != CONNECTED)
        return;
    end(b, c, f->at);
    if (counts(b, f)) {
        c->queue->handled++;
        c->queue->handle_sum += f->length;
    }
}

static void wrap_up_ended(struct analytics_board *b, struct contact *c,
                          const struct analytics_fact *f)
{
    if (c->state != ENDED)
        return; /* waits or talks again: the wrap-up was the other agent's */
    if (counts(b, f) && c->answered)
        c->queue->handle_sum += f->length;
    forget(b, c);
}

static int agent_changed(struct analytics_board *b, const struct analytics_fact *f)
{
    struct agent *a = agent_get(b, &f->agent);

    if (!a)
        return -ENOMEM;
    if (f->at < a->a.since)
        return 0; /* older than what is known */
    a->a.presence = f->presence;
    a->a.reason = f->reason;
    a->a.since = f->at;
    if (f->name[0])
        tl_str_put(a->a.name, sizeof(a->a.name), tl_str(f->name));
    if (f->n_queues || f->presence == ANALYTICS_OFFLINE) {
        memcpy(a->queues, f->queues, sizeof(a->queues));
        a->n_queues = f->n_queues;
    }
    return 0;
}

static int supply(struct analytics_board *b, const struct analytics_fact *f)
{
    struct queue *q = queue_get(b, &f->queue);

    if (!q)
        return -ENOMEM;
    if (q->expected_wait != f->length || q->forecast.n != f->forecast.n)
        b->version++;
    q->expected_wait = f->length;
    q->forecast = f->forecast;
    return 0;
}

int analytics_board_step(struct analytics_board *b, const struct analytics_fact *f)
{
    struct contact *c;

    if (f->kind == ANALYTICS_NOTHING)
        return 0;
    if (f->kind == ANALYTICS_QUEUE_SUPPLY)
        return supply(b, f);
    b->version++;
    if (f->kind == ANALYTICS_AGENT_CHANGED)
        return agent_changed(b, f);
    if (f->kind == ANALYTICS_CONTACT_QUEUED)
        return contact_queued(b, f);
    c = contact_find(b, &f->contact);
    if (!c)
        return 0; /* began before the oldest fact we have, or long over */
    switch (f->kind) {
    case ANALYTICS_OFFER_ACCEPTED: accepted(b, c, f); break;
    case ANALYTICS_CONTACT_ABANDONED:
    case ANALYTICS_CONTACT_FLOWED_OUT: left_queue(b, c, f); break;
    case ANALYTICS_CONTACT_RELEASED: released(b, c, f); break;
    case ANALYTICS_WRAP_UP_ENDED: wrap_up_ended(b, c, f); break;
    default: break;
    }
    return 0;
}

void analytics_board_tick(struct analytics_board *b, tl_time now)
{
    struct tl_link *k;

    while ((k = tl_list_first(&b->ended))) {
        struct contact *c = TL_CONTAINER(k, struct contact, link);

        if (now - c->ended_at < ANALYTICS_KEEP_ENDED)
            break;
        forget(b, c);
    }
}

void analytics_board_day(struct analytics_board *b, tl_time begins)
{
    b->day = begins;
    b->version++;
    for (size_t i = 0; i < b->by_queue.n; i++) {
        struct queue *q = TL_CONTAINER(b->by_queue.rows[i], struct queue, entry);

        q->day = (struct analytics_row){0};
        q->waited_sum = q->handled = q->handle_sum = 0;
    }
}

uint64_t analytics_board_version(const struct analytics_board *b)
{
    return b->version;
}

/* ---- life ----------------------------------------------------------------------------------- */

int analytics_board_new(struct analytics_board **ret)
{
    struct analytics_board *b = tl_alloc(1, sizeof(*b));

    if (!b)
        return -ENOMEM;
    tl_list_init(&b->ended);
    *ret = b;
    return 0;
}

struct analytics_board *analytics_board_free(struct analytics_board *b)
{
    struct tl_entry *e;

    if (!b)
        return NULL;
    while ((e = tl_map_next(&b->contacts, NULL)))
        forget(b, TL_CONTAINER(e, struct contact, entry));
    for (size_t i = 0; i < b->by_queue.n; i++)
        tl_free(TL_CONTAINER(b->by_queue.rows[i], struct queue, entry));
    for (size_t i = 0; i < b->by_agent.n; i++)
        tl_free(TL_CONTAINER(b->by_agent.rows[i], struct agent, entry));
    tl_free(b->by_queue.rows);
    tl_free(b->by_agent.rows);
    tl_map_done(&b->queues);
    tl_map_done(&b->agents);
    tl_map_done(&b->contacts);
    return tl_free(b);
}
