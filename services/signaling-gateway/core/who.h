/**
 * @file who.h  Who stands behind a session, and which role may say what.
 */
#ifndef SIGNALING_WHO_H
#define SIGNALING_WHO_H

#include <tl_id.h>

/** Same numbers as threadline.common.v1.Role. */
enum role { ROLE_NOBODY = 0, ROLE_CUSTOMER = 1, ROLE_AGENT = 2, ROLE_SUPERVISOR = 3 };

#define WHO_NAME_MAX 80
#define WHO_TIER_MAX 24

/** A session's owner, as its token said when the session began.  A value: copy with =. */
struct who {
    struct tl_id session; /**< ULID */
    enum role role;
    struct tl_id subject;    /**< agent id, or visitor id */
    struct tl_id customer;   /**< customers whose site vouched for them */
    char name[WHO_NAME_MAX]; /**< how others see them */
    char tier[WHO_TIER_MAX];
};

/** "customer", "agent", "supervisor"; "nobody". */
const char *role_name(enum role role);
/** The other way round; ROLE_NOBODY for anything else. */
enum role role_parse(struct tl_str name);

/**
 * May this role send this member of ClientMessage?  Whose contact it names is checked by the
 * service that executes it; this is about kinds of people.
 *
 * @param member Field name in client.proto, e.g. "accept_offer"; an unknown one: nobody may
 */
bool may_say(enum role role, struct tl_str member);

#endif
