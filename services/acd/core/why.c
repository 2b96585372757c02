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
    return TL_LOWER((size_t)n, size - 1);
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
    if (d->kind == ACD_MOVE || d->kind == ACD_TIME_OUT)
        return length(snprintf(line, size, "%u of %u serving free and fit%s", w->rejected[ACD_FIT],
                               w->considered, ring),
                      size);
    if (w->again)
        return length(snprintf(line, size, "rings on: the service changed hands%s", ring), size);
    if (w->by_hand)
        return length(snprintf(line, size, "%s",
                               d->contact->preferred != d->agent_at ? "picked by hand"
                               : d->contact->direct                 ? "asked for this agent"
                                                    : "preferred: named, or spoke with them last"),
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

uint32_t acd_why_rejected(const struct acd *acd, uint32_t contact, struct acd_rejected *ret,
                          uint32_t max)
{
    const struct cell *c = cell_at(acd, contact);
    const struct line *l = acd->lines[c->line];
    const uint64_t *members = acd->queues[c->c.queue].members;
    uint32_t n = 0;

    for (uint32_t w = 0; w < acd->words && n < max; w++)
        for (uint64_t bits = members[w] & acd->signed_in[w]; bits && n < max;) {
            uint32_t a = w * 64 + bits_pop(&bits);
            if (a == c->c.agent)
                continue;
            if (!bit_has(l->fits, a))
                ret[n++] = (struct acd_rejected){a, ACD_REJECT_SKILL};
            else if (excluded(acd, &c->c, a))
                ret[n++] = (struct acd_rejected){a, ACD_REJECT_REFUSED};
            else if (!bit_has(acd->ready, a))
                ret[n++] = (struct acd_rejected){a, ACD_REJECT_NOT_READY};
            else if (!bit_has(acd->open[l->load], a))
                ret[n++] = (struct acd_rejected){a, ACD_REJECT_BUSY};
        }
    return n;
}

/* "2 of 5 serving free and fit; 1 without the skills, 2 busy" */
static void put_counts(char out[160], const uint8_t counts[ACD_REJECTIONS])
{
    static const char *const words[ACD_REJECTIONS] = {
        [ACD_REJECT_SKILL] = "without the skills",
        [ACD_REJECT_NOT_READY] = "not ready",
        [ACD_REJECT_BUSY] = "busy",
        [ACD_REJECT_REFUSED] = "not asked again",
    };
    unsigned all = 0;
    size_t n;

    for (int i = 0; i < ACD_REJECTIONS; i++)
        all += counts[i];
    n = length(snprintf(out, 160, "%u of %u serving free and fit", counts[ACD_FIT], all), 160);
    for (int i = ACD_FIT + 1; i < ACD_REJECTIONS; i++)
        if (counts[i])
            n += length(snprintf(out + n, 160 - n, ", %u %s", counts[i], words[i]), 160 - n);
}

static size_t put_step(const struct acd *acd, const struct step *s, char *line, size_t size)
{
    const bool of_ring = (s->cause == ACD_NEXT_RING || s->cause == ACD_RING_SKIPPED);
    const char *agent = s->agent == ACD_NONE || of_ring ? "" : post_at(acd, s->agent)->a.id.s;
    const char *cause = acd_cause_name((enum acd_cause)s->cause);
    char counts[160];

    put_counts(counts, s->counts);
    switch (s->kind & ~STEP_OF_SEAT) {
    case ACD_ADMIT:
        if (s->kind & STEP_OF_SEAT)
            return length(snprintf(line, size, "%s asked for it", agent), size);
        return length(snprintf(line, size, "came in line"), size);
    case ACD_OFFER:
        return length(snprintf(line, size, "offered to %s: %s, ring %u", agent, counts, s->ring),
                      size);
    case ACD_CONNECT: return length(snprintf(line, size, "%s accepted", agent), size);
    case ACD_TAKE_BACK:
        return length(snprintf(line, size, "taken back from %s: %s", agent, cause), size);
    case ACD_TIME_OUT:
        return length(
            snprintf(line, size, "%s did not answer: %s, ring %u", agent, counts, s->ring), size);
    case ACD_TURN_DOWN: return length(snprintf(line, size, "%s declined", agent), size);
    case ACD_MOVE:
        if (of_ring)
            return length(snprintf(line, size, "ring %u to %u%s: %s", s->agent, s->ring,
                                   s->cause == ACD_RING_SKIPPED
                                       ? ", past what nobody signed in could fill"
                                       : "",
                                   counts),
                          size);
        return length(snprintf(line, size, "moved: %s%s, ring %u", cause,
                               s->cause == ACD_OVERFLOW_WHEN ? ", its condition held" : "",
                               s->ring),
                      size);
    case ACD_LET_GO:
        return length(snprintf(line, size, "conversation with %s over: %s", agent, cause), size);
    case ACD_START_WRAP: return length(snprintf(line, size, "%s in after-call work", agent), size);
    case ACD_JOIN: return length(snprintf(line, size, "%s joined the conversation", agent), size);
    case ACD_HAND_OVER:
        return length(snprintf(line, size, "handed over to %s: %s", agent, cause), size);
    default:
        return length(snprintf(line, size, "%s: %s",
                               acd_decision_name((enum acd_decision_kind)(s->kind & ~STEP_OF_SEAT)),
                               cause),
                      size);
    }
}

/* When, and whether it is about a consult. */
static size_t step_line(const struct acd *acd, const struct step *s, char *line, size_t size)
{
    size_t n = length(snprintf(line, size, "+%.3fs %s", s->at_ms / 1000.0,
                               s->kind & STEP_OF_SEAT ? "consult: " : ""),
                      size);

    return n + put_step(acd, s, line + n, size - n);
}

size_t acd_now_line(const struct acd *acd, uint32_t contact, char *line, size_t size)
{
    const struct acd_contact *c = &cell_at(acd, contact)->c;
    size_t n = length(snprintf(line, size, "now %s in %s",
                               acd_contact_state_name((enum acd_contact_state)c->state),
                               queue_policy(acd, c->queue)->name.s),
                      size);

    if (c->agent != ACD_NONE)
        n += length(snprintf(line + n, size - n, ", %s", post_at(acd, c->agent)->a.id.s), size - n);
    if (c->state == ACD_WAITING)
        n += length(snprintf(line + n, size - n, ", place %u", acd_position(acd, contact)),
                    size - n);
    return n + length(snprintf(line + n, size - n, ", ring %u, seats %u, policy %s", c->ring,
                               c->n_seats, acd->policy->hash),
                      size - n);
}

size_t acd_history(const struct acd *acd, uint32_t contact, unsigned i, char *line, size_t size)
{
    const struct cell *c = cell_at(acd, contact);
    unsigned kept = TL_LOWER(c->n_steps, ACD_HISTORY);

    if (i >= kept)
        return 0;
    return step_line(acd, &c->steps[(c->n_steps - kept + i) % ACD_HISTORY], line, size);
}
