/**
 * @file pairs.h  Who talks with whom: contact -> the customer's session and the agent, both here.
 *
 * Learnt from what conversation pushes through here, and only a shortcut: whoever is not found goes
 * the long way.  A pair ends with either of its two.  No clock, no bus, no log.
 */
#ifndef SIGNALING_PAIRS_H
#define SIGNALING_PAIRS_H

#include "core/sessions.h"
#include <tl_id.h>
#include <tl_map.h>

#define PAIRS_MAX 20000 /**< more go the long way */

struct pairs {
    struct tl_map map; /**< by contact */
};

struct pair;

/**
 * The customer of a contact talks with the agent from now on, and with nobody else.
 *
 * @return 0; -EINVAL: the contact's id is no ULID; -ENOMEM, also when there are PAIRS_MAX.  Unless
 * 0, the contact is not known any more
 */
int pairs_learn(struct pairs *p, struct tl_str contact, struct session *customer,
                struct agent *agent);
void pairs_forget(struct pairs *p, struct tl_str contact);
void pairs_done(struct pairs *p);

/** The contact, if it is one of the session's; NULL: not known.  Walks the few that are its own, so
 * that nothing but the two who talk is looked at. */
const struct pair *pairs_of(struct session *x, struct tl_str contact);
/**
 * What lies between a session and the socket of whom it talks with, in the order in which a message
 * looks at it: pair or agent, and so on, at last the socket.  Of several it is the one who came
 * last: a guess, to have memory fetched in time.
 *
 * @param step 0 to 3; what the steps before gave is looked at
 * @return NULL: nobody there
 */
const void *pairs_ahead(const struct session *x, unsigned step);
struct session *pair_customer(const struct pair *pair);
struct agent *pair_agent(const struct pair *pair);

/** For sessions.c: this end goes, and with it its pairs. */
void pairs_let_go(struct pair **first);

#endif
