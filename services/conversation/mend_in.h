/**
 * @file mend_in.h  Between mend.c (who mends when) and mend_views.c (a round's questions to
 * everybody, and the comparison).
 */
#ifndef CONVERSATION_MEND_IN_H
#define CONVERSATION_MEND_IN_H

#include "handlers.h"

#include "core/reconcile.h"

struct mend {
    struct conversation *conv;
    struct tl_timer *tick;
    tl_time next_round; /**< monotonic */
    bool busy, comparing, led, dues;
    bool recovery; /**< since this reign began no round has been compared */
    bool hurried;  /**< before its time: sessions that are missed are counted by the clock */
    struct reconcile_views views;
    struct tl_id after; /**< page under way */
    size_t asked;       /**< of our contacts: up to here the gateways have been asked */
    struct reconcile_missed *missed; /**< kept from round to round */
    size_t n_missed;
    /* repairs of the round, in order: up to next they have begun, and open ones are not at rest */
    struct reconcile_repair *repairs;
    size_t n_repairs, repairs_room, next, open;
    struct tl_timer *more;
};

/* mend.c */
/** Of the comparison, in the order of their work. */
void note_repair(void *mend, const struct reconcile_repair *r);
/** Begins what there is room for. */
void go_on(void *mend);
void end_round(struct mend *m);

/* mend_views.c */
/** Nothing while one is under way. */
void begin_round(struct mend *m, bool hurried);
void forget_missed(struct mend *m);

#endif
