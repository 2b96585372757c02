/**
 * @file reconcile.h  What conversation, ACD and media-relay believe about the same contacts, and
 * how to mend the differences.  Pure.
 *
 * Our phase is the truth about the customer, the ACD's about the agent.  A difference counts only
 * when both sides had time to hear of it (CV_SETTLED), so an event under way is no difference.
 */
#ifndef CV_RECONCILE_H
#define CV_RECONCILE_H

#include "core/contact.h"

#define CV_SETTLED TL_SEC(2)

/** Our row, short. */
struct cv_ours {
    struct tl_id id, agent;
    int64_t version;
    enum cv_phase phase;
    unsigned owed;
    bool audio;
    tl_time since;
};

/** A contact as the ACD or media-relay sees it. */
struct cv_seen {
    struct tl_id contact, agent, offer;
    char state[16]; /**< acd: "waiting", "offered", "connected", "wrapping" */
    tl_time since;  /**< acd */
};

struct cv_views {
    struct cv_ours *ours; /**< open ones; sorted by the call */
    size_t n_ours;
    struct cv_seen *acd;
    size_t n_acd;
    bool acd_known; /**< false: the ACD did not answer, do not compare */
    struct cv_seen *media;
    size_t n_media;
    bool media_known;
    tl_time asked_at; /**< when the ACD was asked, before our rows were read */
};

/** A fact to step; version 0: whatever the contact is by now. */
struct cv_repair {
    struct tl_id contact;
    int64_t version;
    struct cv_fact fact; /**< fact.repair names the kind; NULL: owed work, to be paid again */
};

void cv_compare(struct cv_views *views, void (*each)(void *arg, const struct cv_repair *repair),
                void *arg);

#endif
