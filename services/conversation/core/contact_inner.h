/**
 * @file contact_inner.h  What contact.c (the table of facts), contact_moves.c (what several facts
 * do) and contact_work.c, contact_acd.c and contact_people.c (the facts) share.  Nobody else
 * includes it.
 */
#ifndef CONVERSATION_CONTACT_INNER_H
#define CONVERSATION_CONTACT_INNER_H

#include "core/contact.h"

struct step {
    struct contact *c;
    const struct contact_fact *f;
    const struct rules *rules;
    tl_time now;
    struct contact_decision *d;
};

/* contact_moves.c */
struct contact_event *step_event(struct step *s, enum contact_event_kind kind);
void event_word(struct contact_event *e, const char *text);
void step_enter(struct step *s, enum contact_phase phase);
void step_owe(struct step *s, unsigned work);
void step_tell(struct step *s, unsigned whom);
void step_refuse(struct step *s, int code, const char *reason);
/** An event of the ACD that is not newer than what was applied says nothing new.  Facts without a
 * number (from the reconciler) are always taken. */
bool step_is_stale(struct step *s);
/** The customer owes no answer any more. */
void step_stop_idle(struct step *s);
void step_stop_hold(struct step *s);
/** The clock of the conversation stops: totals are final until somebody else talks. */
void step_stop_talk(struct step *s);
void step_stop_cobrowse(struct step *s, const char *by);
/** Over for the customer, with its one outcome; who talked has to wrap up. */
void step_finish(struct step *s, enum contact_outcome outcome, enum contact_role by,
                 const char *cause);
/** Back in line with the original time: front of the queue for who has waited longest. */
void step_queue_again(struct step *s, unsigned before);

/* contact.c */
bool contact_is_in_line(const struct contact *c);

/* contact_work.c, contact_acd.c, contact_people.c: one function for each fact. */
void fact_routed(struct step *s);
void fact_flow_closed(struct step *s);
void fact_work_done(struct step *s);
void fact_work_refused(struct step *s);
void fact_offered(struct step *s);
void fact_offer_over(struct step *s);
void fact_accepted(struct step *s);
void fact_named(struct step *s);
void fact_dequeued(struct step *s);
void fact_released(struct step *s);
void fact_wrap_up_timeout(struct step *s);
void fact_hung_up(struct step *s);
void fact_customer_lost(struct step *s);
void fact_agent_lost(struct step *s);
void fact_hold_asked(struct step *s);
void fact_retrieve_asked(struct step *s);
void fact_consented(struct step *s);
void fact_room_closed(struct step *s);
void fact_withdrawn(struct step *s);
void fact_wrapped_up(struct step *s);
void fact_deadline(struct step *s);
void fact_mended(struct step *s);

#endif
