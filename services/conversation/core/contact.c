/* The contact's state machine: who steps a fact, and what can be asked of a contact.  A fact that
 * does not fit the phase is late or repeated and changes nothing.  Work is only ever owed here,
 * never done. */
#include "core/contact_inner.h"

static const char *const phase_names[] = {"requested", "routed", "waiting", "ringing",
                                          "connected", "held",   "wrap_up", "ended"};
static const char *const work_names[WORK_COUNT] = {"route",   "release",   "dequeue",   "finish",
                                                   "prepare", "enqueue",   "connect",   "hold",
                                                   "hang_up", "open_room", "close_room"};

const char *contact_phase_name(enum contact_phase phase)
{
    return (unsigned)phase < TL_LEN(phase_names) ? phase_names[phase] : "?";
}

int contact_phase_parse(const char *name, enum contact_phase *ret)
{
    for (size_t i = 0; i < TL_LEN(phase_names); i++) {
        if (strcmp(name, phase_names[i]) == 0) {
            *ret = (enum contact_phase)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *contact_work_name(unsigned work)
{
    for (unsigned i = 0; i < WORK_COUNT; i++) {
        if (work == 1u << i)
            return work_names[i];
    }
    return "?";
}

bool contact_is_live(const struct contact *c)
{
    return c->phase < PHASE_WRAP_UP;
}

bool contact_has_audio(const struct contact *c)
{
    return c->channel != CHANNEL_CHAT;
}

bool contact_is_theirs(const struct contact *c, const struct contact_actor *actor)
{
    switch (actor->role) {
    case ROLE_CUSTOMER: return !tl_id_empty(&c->session) && tl_id_eq(&c->session, &actor->session);
    case ROLE_AGENT:
    case ROLE_SUPERVISOR: return !tl_id_empty(&c->agent) && tl_id_eq(&c->agent, &actor->agent);
    default: return false;
    }
}

bool contact_is_talking(const struct contact *c)
{
    return c->phase == PHASE_CONNECTED || c->phase == PHASE_HELD;
}

bool contact_is_in_line(const struct contact *c)
{
    return c->phase == PHASE_ROUTED || c->phase == PHASE_WAITING || c->phase == PHASE_RINGING;
}

bool contact_wrote(struct contact *c, enum contact_role by, tl_time now)
{
    if (c->channel != CHANNEL_CHAT || c->phase != PHASE_CONNECTED)
        return false;
    if (by == ROLE_CUSTOMER && !c->unanswered_at)
        return false;
    c->unanswered_at = by == ROLE_CUSTOMER ? 0 : now;
    c->idle_asked = false;
    return true;
}

unsigned contact_tells(const struct contact *c)
{
    switch (c->phase) {
    case PHASE_WAITING: return TELL_CUSTOMER;
    case PHASE_RINGING: return TELL_CUSTOMER | TELL_CARD;
    case PHASE_CONNECTED:
    case PHASE_HELD: return TELL_CUSTOMER | TELL_AGENT | TELL_CARD;
    case PHASE_WRAP_UP: return TELL_CUSTOMER | TELL_AGENT;
    default: return 0;
    }
}

/** The next word about a customer who does not answer. */
static tl_time idle_due(const struct contact *c, const struct rules *rules)
{
    if (!c->unanswered_at)
        return TL_NEVER;
    return c->unanswered_at + rules->idle_max - (c->idle_asked ? 0 : rules->idle_warning);
}

tl_time contact_due(const struct contact *c, const struct rules *rules)
{
    switch (c->phase) {
    case PHASE_REQUESTED:
    case PHASE_ROUTED: return c->since + rules->setup_max;
    case PHASE_WAITING: /* who lost an agent did not wait while they talked */
        return TL_HIGHER(c->enqueued_at + c->talked + c->held, c->since - rules->wait_max) +
               rules->wait_max;
    case PHASE_RINGING: return TL_HIGHER(c->ring_ends_at, c->since) + rules->grace;
    case PHASE_CONNECTED:
    case PHASE_HELD:
        return TL_LOWER(c->since + (c->owed & WORK_CONNECT ? rules->media_max : rules->talk_max),
                        idle_due(c, rules));
    case PHASE_WRAP_UP:
        return (c->wrap_up_ends_at ? c->wrap_up_ends_at : c->since + rules->wrap_up_max) +
               rules->grace;
    case PHASE_ENDED: break;
    }
    return TL_NEVER;
}

unsigned contact_payable(const struct contact *c)
{
    unsigned work = c->owed;

    if (work & WORK_RELEASE)
        work &= ~(unsigned)(WORK_FINISH | WORK_ENQUEUE);
    if (work & WORK_PREPARE)
        work &= ~(unsigned)(WORK_ENQUEUE | WORK_CONNECT);
    if (work & WORK_CONNECT)
        work &= ~(unsigned)WORK_HOLD;
    if (work & WORK_CLOSE_ROOM)
        work &= ~(unsigned)WORK_OPEN_ROOM;
    return work;
}

void contact_open(struct contact *c, struct contact_decision *ret, tl_time now)
{
    struct step s = {.c = c, .now = now, .d = ret};

    *ret = (struct contact_decision){0};
    c->requested_at = now;
    step_enter(&s, PHASE_REQUESTED);
    (void)step_event(&s, EVENT_REQUESTED);
    step_owe(&s, WORK_ROUTE);
}

void contact_step(struct contact *c, const struct contact_fact *fact, const struct rules *rules,
                  tl_time now, struct contact_decision *ret)
{
    static void (*const steps[])(struct step *) = {
        [FACT_ROUTED_TO] = fact_routed,
        [FACT_FLOW_CLOSED] = fact_flow_closed,
        [FACT_WORK_DONE] = fact_work_done,
        [FACT_WORK_REFUSED] = fact_work_refused,
        [FACT_OFFERED] = fact_offered,
        [FACT_OFFER_OVER] = fact_offer_over,
        [FACT_ACCEPTED] = fact_accepted,
        [FACT_NAMED] = fact_named,
        [FACT_DEQUEUED] = fact_dequeued,
        [FACT_RELEASED] = fact_released,
        [FACT_WRAP_UP_TIMEOUT] = fact_wrap_up_timeout,
        [FACT_HUNG_UP] = fact_hung_up,
        [FACT_CUSTOMER_LOST] = fact_customer_lost,
        [FACT_AGENT_LOST] = fact_agent_lost,
        [FACT_HOLD_ASKED] = fact_hold_asked,
        [FACT_RETRIEVE_ASKED] = fact_retrieve_asked,
        [FACT_CONSENTED] = fact_consented,
        [FACT_ROOM_CLOSED] = fact_room_closed,
        [FACT_WITHDRAWN] = fact_withdrawn,
        [FACT_WRAPPED_UP] = fact_wrapped_up,
        [FACT_DEADLINE] = fact_deadline,
        [FACT_MENDED] = fact_mended,
    };
    struct step s = {.c = c, .f = fact, .rules = rules, .now = now, .d = ret};

    *ret = (struct contact_decision){0};
    steps[fact->kind](&s);
    if (fact->repair && ret->changed)
        event_word(step_event(&s, EVENT_REPAIRED), fact->repair);
}
