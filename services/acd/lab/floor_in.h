/**
 * @file floor_in.h  The hall behind floor.c (who does what next) and floor_follow.c (what follows
 * from a decision): nobody else's business.
 */
#ifndef ACD_LAB_FLOOR_IN_H
#define ACD_LAB_FLOOR_IN_H

#include "agenda.h"
#include "floor.h"

enum kind { HANG_UP, ACCEPT, HANG_OFF, WRAPPED, BACK };

#define ALWAYS TL_HOUR(24 * 365 * 100) /* longer than any day on the floor */

struct guest {
    struct floor_call call;
    uint64_t number;
    uint64_t offer;
    tl_time entered; /* the present queue */
    uint32_t queue;
    bool offered, late; /* rang once; not at once */
};

struct clerk {
    tl_time since;
    double busy, available;
    bool is_busy, is_available;
};

struct hall {
    const struct floor_opts *o;
    struct floor_result *r;
    struct acd_policy policy;
    struct acd *acd;
    struct agenda agenda;
    struct guest *guests; /* by handle of the contact */
    uint32_t room;
    struct clerk *clerks; /* by handle of the agent */
    struct floor_call coming;
    bool more;       /* coming is set */
    uint64_t number; /* of the one who comes */
    tl_time now, closing, counted;
    double busy, available; /* until counted */
    uint32_t n_busy, n_available;
    size_t shift;
    int err;
};

/** The sink: writes down what will follow. */
void floor_decided(void *arg, const struct acd_decision *d);
/** Agents' time up to now. */
void floor_count_time(struct hall *h, tl_time now);
void floor_close_clerk(struct hall *h, struct clerk *c, tl_time now);

#endif
