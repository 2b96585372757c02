/* Decisions in words: one line for the desk, a short story for `tl why`. */
#include "state.h"
#include <stdio.h>

static const char *method_words(enum acd_agent_choice m)
{
    switch (m) {
    case ACD_LEAST_OCCUPIED: return "least occupied";
    case ACD_MOST_SKILLED: return "most skilled";
    case ACD_ROUND_ROBIN: return "next in turn";
    default: return "longest idle";
    }
}

static size_t length(int n, size_t size)
{
    return n < 0 ? 0 : TL_LOWER((size_t)n, size - 1);
}

/* "3m12s", "45s" */
static void put_dur(char out[24], tl_dur d)
{
    long long s = d / TL_SEC(1);

    if (s >= 60)
        (void)snprintf(out, 24, "%lldm%02llds", s / 60, s % 60);
    else
        (void)snprintf(out, 24, "%llds", s);
}

size_t acd_why_line(const struct acd *acd, const struct acd_decision *d, char *line, size_t size)
{
    const struct acd_why *w = d->why;
    char idle[24] = "0s";
    char ring[32] = "";

    if (d->contact->ring)
        (void)snprintf(ring, sizeof(ring), ", ring %u", d->contact->ring);
    if (w->n)
        put_dur(idle, w->candidates[0].idle);
    if (w->by_hand)
        return length(snprintf(line, size, "%s",
                               d->contact->preferred == d->agent_at ? "asked for this agent"
                                                                    : "picked by hand"),
                      size);
    if (w->by_agent)
        return length(snprintf(line, size,
                               "first in line; you are free (idle %s); %u serving, %u busy%s", idle,
                               w->considered, w->rejected[ACD_REJECT_BUSY], ring),
                      size);
    TL_UNUSED(acd);
    return length(snprintf(line, size, "%s (idle %s) of %u free and fit; %u serving, %u busy%s",
                           method_words(w->method), idle, w->rejected[ACD_FIT], w->considered,
                           w->rejected[ACD_REJECT_BUSY], ring),
                  size);
}

static size_t step_line(const struct acd *acd, const struct step *s, char *line, size_t size)
{
    const char *agent = s->agent == ACD_NONE ? "" : post_at(acd, s->agent)->a.id.s;
    double at = s->at_ms / 1000.0;
    const char *cause = acd_cause_name((enum acd_cause)s->cause);

    switch (s->kind) {
    case ACD_ADMIT: return length(snprintf(line, size, "+%.3fs came in line", at), size);
    case ACD_OFFER:
        return length(snprintf(line, size,
                               "+%.3fs offered to %s: %u of %u serving were free and fit, %u busy, "
                               "ring %u",
                               at, agent, s->n_fit, s->considered, s->busy, s->ring),
                      size);
    case ACD_CONNECT: return length(snprintf(line, size, "+%.3fs %s accepted", at, agent), size);
    case ACD_TAKE_BACK:
        return length(snprintf(line, size, "+%.3fs taken back from %s: %s", at, agent, cause),
                      size);
    case ACD_TIME_OUT:
        return length(snprintf(line, size, "+%.3fs %s did not answer", at, agent), size);
    case ACD_TURN_DOWN: return length(snprintf(line, size, "+%.3fs %s declined", at, agent), size);
    case ACD_MOVE:
        return length(snprintf(line, size, "+%.3fs moved: %s, ring %u", at, cause, s->ring), size);
    case ACD_LET_GO:
        return length(
            snprintf(line, size, "+%.3fs conversation with %s over: %s", at, agent, cause), size);
    case ACD_START_WRAP:
        return length(snprintf(line, size, "+%.3fs %s in after-call work", at, agent), size);
    default:
        return length(snprintf(line, size, "+%.3fs %s: %s", at,
                               acd_decision_name((enum acd_decision_kind)s->kind), cause),
                      size);
    }
}

size_t acd_history(const struct acd *acd, uint32_t contact, unsigned i, char *line, size_t size)
{
    const struct cell *c = cell_at(acd, contact);
    unsigned kept = TL_LOWER(c->n_steps, ACD_HISTORY);

    if (i >= kept)
        return 0;
    return step_line(acd, &c->steps[(c->n_steps - kept + i) % ACD_HISTORY], line, size);
}
