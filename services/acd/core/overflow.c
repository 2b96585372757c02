/* A contact that has waited goes to another queue, or out of this core, where its queue's rules say
 * so and their condition holds.  The condition is looked at when `after` has passed and from then
 * on every `after`, but not more often than LOOKS; between, nothing is done for it.  These moments
 * follow from when the contact came, so that new rules and a new owner keep them. */
#include "state.h"

#define LOOKS TL_SEC(5)

static bool may_overflow(const struct acd *acd, const struct acd_contact *c)
{
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);

    return (q->overflow_after || q->overflow_when.n) && !c->overflowed;
}

tl_time overflow_due(const struct acd *acd, const struct acd_contact *c)
{
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);
    tl_time first = c->queued + q->overflow_after;
    tl_dur every = TL_HIGHER(q->overflow_after, LOOKS);

    if (!may_overflow(acd, c))
        return TL_NEVER;
    if (q->overflow_when.n == 0 || acd->now < first)
        return first;
    return first + ((acd->now - first) / every + 1) * every;
}

static void measure(const struct acd *acd, const struct acd_contact *c, int64_t is[ACD_MEASURES])
{
    struct acd_supply s;

    acd_supply(acd, c->queue, acd->now, &s);
    is[ACD_M_WAITING] = s.waiting;
    is[ACD_M_STAFFED] = s.staffed;
    is[ACD_M_IDLE] = s.idle;
    is[ACD_M_OLDEST_WAIT] = s.oldest_wait;
    is[ACD_M_EXPECTED_WAIT] = s.expected_wait;
    is[ACD_M_PRIORITY] = c->priority;
}

bool overflow(struct acd *acd, uint32_t contact)
{
    const struct acd_contact *c = &cell_at(acd, contact)->c;
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);
    int64_t is[ACD_MEASURES];
    char words[160] = "";

    if (acd->gather_until || !may_overflow(acd, c) || acd->now - c->queued < q->overflow_after)
        return false;
    measure(acd, c, is);
    if (!acd_condition_holds(&q->overflow_when, is))
        return false;
    (void)acd_condition_words(&q->overflow_when, is, words, sizeof(words));
    if (!tl_id_empty(&q->interflow_to)) {
        dismiss(acd, contact, ACD_INTERFLOW, tl_id_str(&q->interflow_to));
        return true;
    }
    if (move_to(acd, contact, q->overflow_to, q->overflow_when.n ? ACD_OVERFLOW_WHEN : ACD_OVERFLOW,
                tl_str(words)))
        return false;                  /* no memory: it stays for now */
    (void)match_contact(acd, contact); /* nobody free: it waits there */
    return true;
}

void settle(struct acd *acd, uint32_t contact)
{
    if (!apply_staff_rules(acd, contact) && !match_contact(acd, contact))
        (void)overflow(acd, contact); /* false: it waits */
}
