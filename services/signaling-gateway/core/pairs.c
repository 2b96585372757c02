/* A map and its rows. */
#include "pairs.h"

#include <tl_mem.h>

static struct pair *find(const struct pairs *p, struct tl_str contact)
{
    struct tl_entry *e = tl_map_find(&p->map, contact);

    return e ? TL_CONTAINER(e, struct pair, entry) : NULL;
}

int pairs_learn(struct pairs *p, struct tl_str contact, struct tl_str session, struct tl_str agent)
{
    struct pair given = {0}, *pair = find(p, contact);
    int err;

    if (tl_id_parse(&given.contact, contact) || tl_id_parse(&given.session, session) ||
        tl_id_parse(&given.agent, agent))
        return -EINVAL;
    if (!pair) {
        pair = p->map.n < PAIRS_MAX ? tl_alloc(1, sizeof(*pair)) : NULL;
        if (!pair)
            return -ENOMEM;
        pair->contact = given.contact;
        err = tl_map_add(&p->map, &pair->entry, tl_id_str(&pair->contact));
        if (err) {
            tl_free(pair);
            return err;
        }
    }
    pair->session = given.session;
    pair->agent = given.agent;
    return 0;
}

void pairs_forget(struct pairs *p, struct tl_str contact)
{
    struct pair *pair = find(p, contact);

    if (pair) {
        tl_map_remove(&p->map, &pair->entry);
        tl_free(pair);
    }
}

const struct pair *pairs_find(const struct pairs *p, struct tl_str contact)
{
    return find(p, contact);
}

void pairs_done(struct pairs *p)
{
    struct tl_entry *e;

    while ((e = tl_map_next(&p->map, NULL)))
        pairs_forget(p, e->key);
    tl_map_done(&p->map);
}
