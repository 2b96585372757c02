/**
 * @file pairs.h  Who talks with whom: contact -> the customer's session and the agent.
 *
 * Learnt from what conversation pushes through here, and only a shortcut: whoever is not found goes
 * the long way.  No clock, no bus, no log.  All operations: expected O(1).
 */
#ifndef SIGNALING_PAIRS_H
#define SIGNALING_PAIRS_H

#include <tl_id.h>
#include <tl_map.h>

#define PAIRS_MAX 20000 /**< more go the long way */

struct pairs {
    struct tl_map map;
};

struct pair {
    struct tl_entry entry;
    struct tl_id contact, session, agent;
};

/** 0; -EINVAL: not ids; -ENOMEM: not learnt, also when there are PAIRS_MAX. */
int pairs_learn(struct pairs *p, struct tl_str contact, struct tl_str session, struct tl_str agent);
void pairs_forget(struct pairs *p, struct tl_str contact);
/** NULL if unknown; valid until the next learn or forget. */
const struct pair *pairs_find(const struct pairs *p, struct tl_str contact);
void pairs_done(struct pairs *p);

#endif
