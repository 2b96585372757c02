/**
 * @file legs_make.c  Seats, legs and contacts come into being and go; nothing is decided here.
 */
#include "core/legs_inner.h"

#include <stdio.h>
#include <tl_mem.h>

int legs_new(struct legs **ret, const uint8_t seed[10], int seats)
{
    struct legs *g = tl_alloc(1, sizeof *g);

    if (!g)
        return -ENOMEM;
    memcpy(g->seed, seed, sizeof g->seed);
    g->max_seats = (size_t)TL_LOWER(seats, LEGS_MAX_SEATS);
    tl_list_init(&g->seat_list);
    tl_list_init(&g->leg_list);
    tl_list_init(&g->contact_list);
    *ret = g;
    return 0;
}

struct legs *legs_free(struct legs *g)
{
    if (!g)
        return NULL;
    tl_list_for_each (&g->leg_list, k)
        tl_free(LEG_OF(k));
    tl_list_for_each (&g->seat_list, k)
        tl_free(SEAT_OF(k));
    tl_list_for_each (&g->contact_list, k)
        tl_free(CONTACT_OF(k));
    tl_map_done(&g->legs);
    tl_map_done(&g->seats);
    tl_map_done(&g->contacts);
    tl_free(g->queue);
    return tl_free(g);
}

struct tl_id make_id(struct legs *g)
{
    for (int i = (int)sizeof g->seed - 1; i >= 0 && ++g->seed[i] == 0; i--)
        ;
    return tl_id_ulid(g->wall, g->seed);
}

struct seat *seat_find(const struct legs *g, const char *key)
{
    struct tl_entry *e = tl_map_find(&g->seats, tl_str(key));

    return e ? TL_CONTAINER(e, struct seat, by_key) : NULL;
}

struct seat *seat_of_agent(const struct legs *g, const struct tl_id *agent)
{
    char key[LEGS_KEY];

    snprintf(key, sizeof key, "agent:%s", agent->s);
    return seat_find(g, key);
}

struct seat *seat_make(struct legs *g, const char *key, struct contact *c,
                       const struct tl_id *agent)
{
    struct seat *s = tl_alloc(1, sizeof *s);

    if (!s)
        return NULL;
    tl_str_put(s->key, sizeof s->key, tl_str(key));
    if (tl_map_add(&g->seats, &s->by_key, tl_str(s->key)))
        return tl_free(s);
    tl_list_append(&g->seat_list, &s->in_seats);
    s->contact = c;
    if (agent)
        s->agent = *agent;
    s->empty_since = g->now;
    return s;
}

void seat_drop(struct legs *g, struct seat *s)
{
    tl_map_remove(&g->seats, &s->by_key);
    tl_list_remove(&g->seat_list, &s->in_seats);
    tl_free(s);
}

struct contact *contact_find(const struct legs *g, const struct tl_id *id)
{
    struct tl_entry *e = tl_map_find(&g->contacts, tl_id_str(id));

    return e ? TL_CONTAINER(e, struct contact, by_id) : NULL;
}

/* A contact and its customer's seat. */
struct contact *contact_make(struct legs *g, const struct tl_id *id)
{
    struct contact *c = tl_alloc(1, sizeof *c);
    char key[LEGS_KEY];

    if (!c)
        return NULL;
    c->id = *id;
    snprintf(key, sizeof key, "contact:%s", id->s);
    if (tl_map_add(&g->contacts, &c->by_id, tl_id_str(&c->id)))
        return tl_free(c);
    c->seat = seat_make(g, key, c, NULL);
    if (!c->seat) {
        tl_map_remove(&g->contacts, &c->by_id);
        return tl_free(c);
    }
    tl_list_append(&g->contact_list, &c->in_contacts);
    return c;
}

void contact_drop(struct legs *g, struct contact *c)
{
    seat_drop(g, c->seat);
    tl_map_remove(&g->contacts, &c->by_id);
    tl_list_remove(&g->contact_list, &c->in_contacts);
    tl_free(c);
}

struct leg *leg_find(const struct legs *g, const struct tl_id *id)
{
    struct tl_entry *e = tl_map_find(&g->legs, tl_id_str(id));

    return e ? TL_CONTAINER(e, struct leg, by_id) : NULL;
}

struct leg *leg_make(struct legs *g, const struct tl_id *id, enum legs_kind kind)
{
    struct leg *leg = tl_alloc(1, sizeof *leg);

    if (!leg)
        return NULL;
    leg->id = *id;
    leg->kind = kind;
    leg->since = leg->started = g->now;
    if (tl_map_add(&g->legs, &leg->by_id, tl_id_str(&leg->id)))
        return tl_free(leg);
    tl_list_append(&g->leg_list, &leg->in_legs);
    return leg;
}

/* Forget a leg and every pointer to it. */
void leg_drop(struct legs *g, struct leg *leg)
{
    if (leg->seat && leg->seat->leg == leg) {
        leg->seat->leg = NULL;
        leg->seat->empty_since = g->now;
        leg->seat->relabel = true;
    }
    if (leg->contact && leg->contact->seat)
        leg->contact->seat->relabel = true;
    for (int i = 0; leg->contact && i < 2; i++)
        if (leg->contact->published[i] == leg)
            leg->contact->published[i] = NULL;
    if (leg->feed)
        leg->feed->view = NULL;
    if (leg->view)
        leg->view->feed = NULL;
    tl_map_remove(&g->legs, &leg->by_id);
    tl_list_remove(&g->leg_list, &leg->in_legs);
    tl_free(leg);
}

int legs_count(const struct legs *g)
{
    return (int)g->leg_list.n;
}

bool legs_each_contact(const struct legs *g, size_t *at, struct legs_view_of_contact *ret)
{
    size_t i = 0;

    tl_list_for_each (&g->contact_list, k) {
        const struct contact *c = CONTACT_OF(k);
        const struct seat *agent;

        if (i++ != *at)
            continue;
        agent = tl_id_empty(&c->agent) ? NULL : seat_of_agent(g, &c->agent);
        *ret = (struct legs_view_of_contact){
            .contact = c->id,
            .agent = c->agent,
            .customer_up = c->seat->leg && c->seat->leg->state == LEG_UP,
            .agent_up = agent && agent->leg && agent->leg->state == LEG_UP,
        };
        (*at)++;
        return true;
    }
    return false;
}
