/**
 * @file reconcile.h  What conversation, ACD, media-relay and the gateways believe about the same
 * contacts, and how to mend the differences.  Pure.
 *
 * Our phase is the truth about the customer, the ACD's about the agent.  A difference counts only
 * when both sides had time to hear of it (RECONCILE_SETTLED), so an event under way is no
 * difference.
 */
#ifndef CONVERSATION_RECONCILE_H
#define CONVERSATION_RECONCILE_H

#include "core/contact.h"

#define RECONCILE_SETTLED TL_SEC(2)
/** A contact this old has a session that the gateways know. */
#define RECONCILE_SESSION_SETTLED TL_SEC(60)
/** Rounds running in which no gateway knows a session, until it is taken for lost: a gateway that
 * died, or a store that came back empty, has long been made good by then. */
#define RECONCILE_SESSION_MISSED 3

/** Our row, short. */
struct reconcile_ours {
    struct tl_id id, agent, session;
    int64_t version;
    enum contact_phase phase;
    unsigned owed;
    bool audio;
    tl_time since;
    tl_time requested_at;
    tl_time enqueued_at; /**< the first time: its place in line */
};

/** A contact whose session no gateway has known for so many rounds running. */
struct reconcile_missed {
    struct tl_id contact;
    int rounds;
};

/** A contact as the ACD or media-relay sees it. */
struct reconcile_seen {
    struct tl_id contact, agent, offer;
    char state[16]; /**< acd: "waiting", "offered", "connected", "wrapping" */
    tl_time since;  /**< acd */
};

struct reconcile_views {
    bool recovery; /**< the first round of a reign: who led before may have died between storing a
                      step and telling it */
    struct reconcile_ours *ours; /**< open ones; sorted by the call */
    size_t n_ours;
    struct reconcile_seen *acd;
    size_t n_acd;
    bool acd_known; /**< false: the ACD did not answer, do not compare */
    uint64_t acd_epoch;
    tl_time gathering; /**< the ACD has lost everything and offers nobody until who waited before
                          this moment is back; 0: a day like any other */
    bool gathered;     /**< they are; filled by the call */
    struct reconcile_seen *media;
    size_t n_media;
    bool media_known;
    struct tl_id *unknown; /**< sessions that are nowhere; sorted by the call */
    size_t n_unknown;
    bool sessions_known;                   /**< false: what was missed stays as it was */
    const struct reconcile_missed *before; /**< what the last round that knew has counted */
    size_t n_before;
    struct reconcile_missed *missed; /**< sessions_known: this round's count, filled by the call;
                                 room for n_ours */
    size_t n_missed;
    tl_time asked_at; /**< when the ACD was asked, before our rows were read */
};

/** Has this contact a session that somebody should know? */
bool reconcile_asks_session(const struct reconcile_ours *o, tl_time asked_at);

/** A fact to step; version 0: whatever the contact is by now. */
struct reconcile_repair {
    struct tl_id contact;
    int64_t version;
    bool tell;                /**< and its two are told how it stands: contact_tells() */
    struct contact_fact fact; /**< fact.repair names the kind; NULL: owed work, to be paid again */
};

/** Repairs in the order of the places in line: oldest first, strays last. */
void reconcile_compare(struct reconcile_views *views,
                       void (*each)(void *arg, const struct reconcile_repair *repair), void *arg);

#endif
