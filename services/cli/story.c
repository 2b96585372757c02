/* The story of a contact: who asked, where it queued, whom it rang and why, how it ended. */
#include <inttypes.h>
#include <string.h>
#include <tl_clock.h>

#include "threadline/acd/v1/events.pb-c.h"
#include "threadline/conversation/v1/events.pb-c.h"
#include "why.h"

static bool is(const struct cli_event *e, const char *service, const char *name)
{
    return strcmp(e->service, service) == 0 && strcmp(e->which->name, name) == 0;
}

static double seconds(const struct cli_event *e, const char *field)
{
    return (double)cli_event_int(e, field) / 1e3;
}

static void begin(struct tl_buf *out, const struct cli_event *e)
{
    char when[32];

    tl_clock_format(when, e->at);
    (void)tl_buf_printf(out, "%.12s  ", when + 11);
}

/* Who was looked at, and the reasons against the others. */
static void reasons(struct tl_buf *out, const Threadline__Acd__V1__Why *why)
{
    if (!why) {
        (void)tl_buf_putc(out, '\n');
        return;
    }
    (void)tl_buf_printf(out, ": %s\n", why->line);
    (void)tl_buf_printf(out, "%14sby %s, %d considered, ring %d, policy %s\n", "", why->method,
                        why->considered, why->ring, why->policy_hash);
    for (size_t i = 0; i < why->n_candidates; i++) {
        const Threadline__Acd__V1__Candidate *c = why->candidates[i];

        if (c->rejected[0])
            (void)tl_buf_printf(out, "%14s%-16s not taken: %s\n", "", c->agent_id, c->rejected);
        else
            (void)tl_buf_printf(out, "%14s%-16s score %.4g, idle %.0f s\n", "", c->agent_id,
                                c->score, (double)c->idle_ms / 1e3);
    }
    for (size_t i = 0; i < why->n_rejections; i++)
        (void)tl_buf_printf(out, "%14s%d not taken: %s\n", "", why->rejections[i]->agents,
                            why->rejections[i]->reason);
}

static void offered(struct tl_buf *out, const struct cli_event *e)
{
    const Threadline__Acd__V1__ContactOffered *o =
        (const Threadline__Acd__V1__ContactOffered *)e->inner;

    (void)tl_buf_printf(out, "offered to %s after %.1f s in %s", o->agent_id,
                        (double)o->waited_ms / 1e3, o->queue);
    reasons(out, o->why);
}

static void timed_out(struct tl_buf *out, const struct cli_event *e)
{
    const Threadline__Acd__V1__OfferTimedOut *o =
        (const Threadline__Acd__V1__OfferTimedOut *)e->inner;

    (void)tl_buf_printf(out, "%s did not answer in time (rang %.1f s)", o->agent_id,
                        (double)o->rang_ms / 1e3);
    reasons(out, o->why);
}

static void moved(struct tl_buf *out, const struct cli_event *e)
{
    const Threadline__Acd__V1__ContactMoved *m =
        (const Threadline__Acd__V1__ContactMoved *)e->inner;

    if (m->seat_id[0])
        (void)tl_buf_puts(out, "consult: ");
    if (m->why && strcmp(m->cause, "overflow") != 0) {
        (void)tl_buf_printf(
            out, "ring %d to %d%s", m->ring_before, m->ring,
            strcmp(m->cause, "ring_skipped") == 0 ? ", past what nobody signed in could fill" : "");
        reasons(out, m->why);
        return;
    }
    (void)tl_buf_printf(out, "moved to %s%s%s: %s%s%s\n", m->queue, m->agent_id[0] ? ", for " : "",
                        m->agent_id, m->cause, m->why ? ", " : "", m->why ? m->why->line : "");
}

/* Advice, talking together, changing hands. */
static bool seat_line(struct tl_buf *out, const struct cli_event *e)
{
    const char *agent = cli_event_text(e, "agent_id");

    if (is(e, "acd", "seat_asked")) {
        (void)tl_buf_printf(out, "consult: %s asked %s%s\n", cli_event_text(e, "by_agent_id"),
                            agent[0] ? agent : "whoever has time in ",
                            agent[0] ? "" : cli_event_text(e, "queue"));
    } else if (is(e, "acd", "seat_offered")) {
        (void)tl_buf_printf(out, "consult: offered to %s", agent);
        reasons(out, ((const Threadline__Acd__V1__SeatOffered *)e->inner)->why);
    } else if (is(e, "acd", "seat_offer_over")) {
        (void)tl_buf_printf(out, "consult: offer to %s over, %s", agent,
                            cli_event_text(e, "cause"));
        reasons(out, ((const Threadline__Acd__V1__SeatOfferOver *)e->inner)->why);
    } else if (is(e, "acd", "seat_taken")) {
        (void)tl_buf_printf(out, "consult: %s accepted, rang %.1f s\n", agent,
                            seconds(e, "rang_ms"));
    } else if (is(e, "acd", "seat_joined")) {
        (void)tl_buf_printf(out, "%s talks with the customer, too\n", agent);
    } else if (is(e, "acd", "seat_left")) {
        (void)tl_buf_printf(out, "%s%s: %s\n", agent[0] ? agent : "the consult",
                            agent[0] ? " left" : " is over", cli_event_text(e, "cause"));
    } else if (is(e, "acd", "contact_handed_over")) {
        (void)tl_buf_printf(out, "handed over from %s to %s: %s\n",
                            cli_event_text(e, "from_agent_id"), agent, cli_event_text(e, "cause"));
    } else {
        return false;
    }
    return true;
}

static void ended(struct tl_buf *out, const struct cli_event *e)
{
    const Threadline__Conversation__V1__ContactEnded *x =
        (const Threadline__Conversation__V1__ContactEnded *)e->inner;
    const ProtobufCEnumValue *outcome = protobuf_c_enum_descriptor_get_value(
        &threadline__signaling__v1__contact_outcome__descriptor, (int)x->outcome);
    const char *name = outcome ? outcome->name : "";

    if (strncmp(name, "CONTACT_OUTCOME_", 16) == 0)
        name += 16;
    (void)tl_buf_printf(out, "ended: %s (%s), waited %.1f s, talked %.1f s\n", name, x->cause,
                        (double)x->waited_ms / 1e3, (double)x->talked_ms / 1e3);
}

static bool contact_line(struct tl_buf *out, const struct cli_event *e)
{
    const char *agent = cli_event_text(e, "agent_id");

    if (is(e, "acd", "contact_offered"))
        offered(out, e);
    else if (is(e, "acd", "offer_timed_out"))
        timed_out(out, e);
    else if (is(e, "acd", "contact_moved"))
        moved(out, e);
    else if (is(e, "acd", "contact_queued"))
        (void)tl_buf_printf(out, "queued in %s at place %" PRId64 ", priority %" PRId64 "\n",
                            cli_event_text(e, "queue"), cli_event_int(e, "position"),
                            cli_event_int(e, "priority"));
    else if (is(e, "acd", "offer_accepted"))
        (void)tl_buf_printf(out, "accepted by %s: waited %.1f s, rang %.1f s\n", agent,
                            seconds(e, "waited_ms"), seconds(e, "rang_ms"));
    else if (is(e, "acd", "offer_declined") || is(e, "acd", "offer_rescinded"))
        (void)tl_buf_printf(out, "offer to %s %s: %s\n", agent,
                            is(e, "acd", "offer_declined") ? "declined" : "taken back",
                            cli_event_text(e, "reason"));
    else if (is(e, "acd", "contact_dequeued"))
        (void)tl_buf_printf(out, "left the queue %s after %.1f s: %s\n", cli_event_text(e, "queue"),
                            seconds(e, "waited_ms"), cli_event_text(e, "cause"));
    else if (is(e, "acd", "contact_released"))
        (void)tl_buf_printf(out, "conversation with %s over after %.1f s\n", agent,
                            seconds(e, "talked_ms"));
    else
        return false;
    return true;
}

static bool acd_line(struct tl_buf *out, const struct cli_event *e)
{
    struct tl_buf line = TL_BUF(16 * 1024);

    if (strcmp(e->service, "acd") != 0)
        return false;
    if (contact_line(&line, e) ||
        seat_line(&line, e)) { /* agents' states and the like add nothing */
        begin(out, e);
        (void)tl_buf_add(out, line.p, line.n);
    }
    tl_buf_done(&line);
    return true;
}

int cli_why_line(struct tl_buf *out, const struct cli_event *e)
{
    if (acd_line(out, e))
        return out->err;
    if (is(e, "conversation", "contact_requested")) {
        begin(out, e);
        (void)tl_buf_printf(
            out, "asked for help in section \"%s\"%s%s\n", cli_event_text(e, "section"),
            cli_event_text(e, "tier")[0] ? ", tier " : "", cli_event_text(e, "tier"));
    } else if (is(e, "conversation", "contact_routed")) {
        begin(out, e);
        (void)tl_buf_printf(out, "flow %s sent it to queue %s\n", cli_event_text(e, "flow"),
                            cli_event_text(e, "queue"));
    } else if (is(e, "conversation", "contact_ended")) {
        begin(out, e);
        ended(out, e);
    }
    return out->err;
}
