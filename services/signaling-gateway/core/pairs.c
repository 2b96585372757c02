/*
 * A pair is in the map, in its customer's list and in its agent's.  Lists are singly linked and
 * short: a customer has one contact, an agent a handful.
 */
#include "core/sessions_private.h"
#include <tl_mem.h>

#define CONTACT_N 26

enum side { CUSTOMER, AGENT, SIDES };

struct pair {
    struct pair *next[SIDES];
    struct session *customer;
    struct agent *agent;
    char contact[CONTACT_N + 1];
    struct tl_entry entry;
    struct pairs *home;
};

static struct pair *find(const struct pairs *p, struct tl_str contact)
{
    struct tl_entry *e = tl_map_find(&p->map, contact);

    return e ? TL_CONTAINER(e, struct pair, entry) : NULL;
}

static void list_add(struct pair **first, struct pair *pair, enum side side)
{
    pair->next[side] = *first;
    *first = pair;
}

static void list_remove(struct pair **at, const struct pair *pair, enum side side)
{
    while (*at != pair)
        at = &(*at)->next[side];
    *at = pair->next[side];
}

static void end(struct pair *pair)
{
    list_remove(session_pairs(pair->customer), pair, CUSTOMER);
    list_remove(agent_pairs(pair->agent), pair, AGENT);
    tl_map_remove(&pair->home->map, &pair->entry);
    tl_free(pair);
}

int pairs_learn(struct pairs *p, struct tl_str contact, struct session *customer,
                struct agent *agent)
{
    struct pair *pair = find(p, contact);
    struct tl_id id;

    if (pair && pair->customer == customer && pair->agent == agent)
        return 0;
    if (pair)
        end(pair);
    if (tl_id_parse_ulid(&id, contact))
        return -EINVAL;
    pair = p->map.n < PAIRS_MAX ? tl_alloc(1, sizeof(*pair)) : NULL;
    if (!pair)
        return -ENOMEM;
    tl_str_put(pair->contact, sizeof(pair->contact), contact);
    if (tl_map_add(&p->map, &pair->entry, tl_str(pair->contact))) {
        tl_free(pair);
        return -ENOMEM;
    }
    pair->home = p;
    pair->customer = customer;
    pair->agent = agent;
    list_add(session_pairs(customer), pair, CUSTOMER);
    list_add(agent_pairs(agent), pair, AGENT);
    return 0;
}

void pairs_forget(struct pairs *p, struct tl_str contact)
{
    struct pair *pair = find(p, contact);

    if (pair)
        end(pair);
}

void pairs_done(struct pairs *p)
{
    struct tl_entry *e;

    while ((e = tl_map_next(&p->map, NULL)))
        end(TL_CONTAINER(e, struct pair, entry));
    tl_map_done(&p->map);
}

void pairs_let_go(struct pair **first)
{
    while (*first)
        end(*first);
}

const struct pair *pairs_of(struct session *x, struct tl_str contact)
{
    struct agent *a = session_agent(x);
    enum side side = a ? AGENT : CUSTOMER;
    const struct pair *pair = *(a ? agent_pairs(a) : session_pairs(x));

    if (contact.n != CONTACT_N)
        return NULL;
    while (pair && memcmp(pair->contact, contact.s, CONTACT_N) != 0)
        pair = pair->next[side];
    return pair;
}

static const void *ahead_of_customer(const struct session *x, unsigned step)
{
    const struct pair *pair = x->pairs;
    const struct session *to;

    if (step == 0 || !pair)
        return pair;
    if (step == 1)
        return pair->agent;
    to = agent_next_session(pair->agent, NULL);
    return step == 2 || !to ? to : to->socket;
}

static const void *ahead_of_agent(const struct agent *a, unsigned step)
{
    const struct pair *pair;

    if (step == 0)
        return a;
    pair = a->pairs;
    if (step == 1 || !pair)
        return pair;
    return step == 2 ? pair->customer : pair->customer->socket;
}

const void *pairs_ahead(const struct session *x, unsigned step)
{
    return x->agent ? ahead_of_agent(x->agent, step) : ahead_of_customer(x, step);
}

struct session *pair_customer(const struct pair *pair)
{
    return pair->customer;
}

struct agent *pair_agent(const struct pair *pair)
{
    return pair->agent;
}
