/* The contact's state machine.  Each fact has one function; a fact that does not fit the phase is
 * late or repeated and changes nothing.  Work is only ever owed here, never done. */
#include "core/contact.h"

struct step {
    struct contact *c;
    const struct contact_fact *f;
    const struct rules *rules;
    tl_time now;
    struct contact_decision *d;
};

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

static bool talking(const struct contact *c)
{
    return c->phase == PHASE_CONNECTED || c->phase == PHASE_HELD;
}

static bool in_line(const struct contact *c)
{
    return c->phase == PHASE_ROUTED || c->phase == PHASE_WAITING || c->phase == PHASE_RINGING;
}

static struct contact_event *event(struct step *s, enum contact_event_kind kind)
{
    struct contact_event *e = &s->d->events[s->d->n_events++];

    *e = (struct contact_event){.kind = kind, .agent = s->c->agent};
    s->d->changed = true;
    return e;
}

static void word(struct contact_event *e, const char *text)
{
    (void)tl_str_put(e->word, sizeof e->word, tl_str(text)); /* a longer cause may be cut */
}

static void enter(struct step *s, enum contact_phase phase)
{
    s->c->phase = phase;
    s->c->since = s->now;
    s->d->changed = true;
}

static void owe(struct step *s, unsigned work)
{
    if (work & ~s->c->owed)
        s->d->changed = true;
    s->c->owed |= work;
}

static void tell(struct step *s, unsigned whom)
{
    s->d->tell |= whom;
}

static void refuse(struct step *s, int code, const char *reason)
{
    s->d->code = code;
    s->d->reason = reason;
}

/** An event of the ACD that is not newer than what was applied says nothing new.  Facts without a
 * number (from the reconciler) are always taken. */
static bool stale(struct step *s)
{
    const struct contact_fact *f = s->f;
    struct contact *c = s->c;

    if (!f->seq)
        return false;
    if (f->epoch < c->epoch || (f->epoch == c->epoch && f->seq <= c->acd_seq))
        return true;
    c->epoch = f->epoch;
    c->acd_seq = f->seq;
    return false;
}

static void stop_hold(struct step *s)
{
    struct contact *c = s->c;

    if (c->held_at)
        c->held += s->now - c->held_at;
    c->held_at = 0;
}

/** The clock of the conversation stops: totals are final until somebody else talks. */
static void stop_talk(struct step *s)
{
    struct contact *c = s->c;
    tl_dur held = c->held;

    stop_hold(s);
    if (c->connected_at)
        c->talked += s->now - c->connected_at - (c->held - held);
    c->connected_at = 0;
}

static void stop_cobrowse(struct step *s, const char *by)
{
    struct contact *c = s->c;

    c->owed &= ~(unsigned)WORK_OPEN_ROOM;
    if (!c->cobrowse_active)
        return;
    c->cobrowse_active = false;
    word(event(s, EVENT_STOPPED), by);
    owe(s, WORK_CLOSE_ROOM);
    tell(s, TELL_STOPPED);
}

/** Over for the customer, with its one outcome.  talked: an agent has to wrap up. */
static void finish(struct step *s, enum contact_outcome outcome, enum contact_role by,
                   const char *cause)
{
    struct contact *c = s->c;
    bool talked = talking(c), queued = c->phase == PHASE_WAITING || c->phase == PHASE_RINGING;
    bool enqueuing = c->phase == PHASE_ROUTED || (c->owed & WORK_ENQUEUE);
    struct contact_event *e;

    if (!talked && !c->waited && c->enqueued_at)
        c->waited = s->now - c->enqueued_at;
    stop_cobrowse(s, "contact_ended");
    stop_talk(s);
    if (!talked) { /* who rang did not talk */
        c->agent = (struct tl_id){0};
        c->agent_name[0] = '\0';
    }
    c->owed &= WORK_CLOSE_ROOM | WORK_RELEASE;
    c->outcome = outcome;
    c->ended_at = s->now;
    e = event(s, EVENT_ENDED);
    e->by = by;
    word(e, cause);

    if (talked)
        owe(s, WORK_RELEASE);
    if (queued || enqueuing)
        owe(s, WORK_DEQUEUE);
    if (contact_has_audio(c) && c->phase != PHASE_REQUESTED)
        owe(s, WORK_HANG_UP);
    c->wrap_up_ends_at = 0;
    enter(s, talked ? PHASE_WRAP_UP : PHASE_ENDED);
    tell(s, TELL_CUSTOMER | (talked ? TELL_AGENT | TELL_SURVEY : 0));
}

/** Back in line with the original time: front of the queue for who has waited longest. */
static void queue_again(struct step *s, unsigned before)
{
    struct contact *c = s->c;

    stop_cobrowse(s, "lost");
    if (talking(c)) {
        s->d->former = c->agent;
        tell(s, TELL_FORMER);
        stop_talk(s);
    }
    c->owed &= ~(unsigned)(WORK_CONNECT | WORK_HOLD);
    owe(s, before | WORK_ENQUEUE | (contact_has_audio(c) ? WORK_PREPARE : 0));
    c->agent = c->offer = (struct tl_id){0};
    c->agent_name[0] = '\0';
    c->ring_ends_at = 0;
    c->attempt++;
    enter(s, PHASE_WAITING);
    tell(s, TELL_CUSTOMER);
}

/* ---- from the flow ---------------------------------------------------------------------- */

static void routed(struct step *s)
{
    struct contact *c = s->c;

    if (c->phase != PHASE_REQUESTED)
        return;
    c->route = *s->f->route;
    c->enqueued_at = s->now;
    c->owed &= ~(unsigned)WORK_ROUTE;
    enter(s, PHASE_ROUTED);
    (void)event(s, EVENT_ROUTED);
    owe(s, WORK_ENQUEUE | (contact_has_audio(c) ? WORK_PREPARE : 0));
}

static void flow_closed(struct step *s)
{
    if (s->c->phase == PHASE_REQUESTED)
        finish(s, OUTCOME_CLOSED, ROLE_SYSTEM,
               s->f->cause && *s->f->cause ? s->f->cause : "closed");
}

/* ---- confirmations ---------------------------------------------------------------------- */

static void work_done(struct step *s)
{
    struct contact *c = s->c;
    unsigned work = s->f->work & c->owed;

    if ((work & WORK_CONNECT) && !tl_id_eq(&c->agent, &s->f->agent))
        work &= ~(unsigned)WORK_CONNECT; /* with an agent who is gone: still owed */
    if ((work & WORK_HOLD) && s->f->on != (c->phase == PHASE_HELD))
        work &= ~(unsigned)WORK_HOLD; /* changed their mind meanwhile */
    if (!work)
        return;
    c->owed &= ~work;
    s->d->changed = true;
    if ((work & WORK_ENQUEUE) && c->phase == PHASE_ROUTED) {
        enter(s, PHASE_WAITING);
        tell(s, TELL_CUSTOMER);
    }
    if ((work & WORK_RELEASE) && c->phase == PHASE_WRAP_UP) {
        c->wrap_up_ends_at = s->f->until;
        tell(s, TELL_AGENT);
        if (!s->f->until) { /* this queue has no wrap-up */
            enter(s, PHASE_ENDED);
            event(s, EVENT_WRAPPED_UP)->by_timer = true;
        }
    }
}

/** What cannot be undone or repeated: before the talk it ends the contact, afterwards it is
 * settled: the other side does not know the contact any more. */
static void work_refused(struct step *s)
{
    struct contact *c = s->c;
    unsigned work = s->f->work & c->owed;

    if (!work)
        return;
    if ((work & WORK_ENQUEUE) && (s->f->code == 422 || s->f->code == 409)) {
        finish(s, OUTCOME_CLOSED, ROLE_SYSTEM,
               "no_staff"); /* closed, nobody there, or over already */
        return;
    }
    if (work & (WORK_ROUTE | WORK_PREPARE | WORK_ENQUEUE)) {
        finish(s, OUTCOME_FAILED, ROLE_SYSTEM, contact_work_name(work));
        return;
    }
    if ((work & WORK_CONNECT) && s->f->code == 404) { /* media lost it: bring it again */
        owe(s, WORK_PREPARE);
        return;
    }
    if (work & WORK_OPEN_ROOM)
        stop_cobrowse(s, "lost");
    c->owed &= ~work;
    s->d->changed = true;
    if ((work & WORK_RELEASE) && c->phase == PHASE_WRAP_UP) {
        c->wrap_up_ends_at = s->now + s->rules->wrap_up_max;
        tell(s, TELL_AGENT);
    }
}

/* ---- from the ACD ----------------------------------------------------------------------- */

static void offered(struct step *s)
{
    struct contact *c = s->c;

    if (stale(s))
        return;
    if (c->phase == PHASE_ENDED)
        owe(s, WORK_DEQUEUE); /* a late enqueue has brought it back */
    if (!in_line(c))
        return;
    c->owed &= ~(unsigned)(WORK_ENQUEUE); /* it is in line, whether or not we heard the answer */
    c->offer = s->f->offer;
    c->agent = s->f->agent;
    c->ring_ends_at = s->f->until;
    enter(s, PHASE_RINGING);
    tell(s, TELL_CUSTOMER | TELL_CARD);
}

static void offer_over(struct step *s)
{
    struct contact *c = s->c;

    if (stale(s) || c->phase != PHASE_RINGING)
        return;
    if (!tl_id_empty(&s->f->offer) && !tl_id_eq(&c->offer, &s->f->offer))
        return;
    c->agent = c->offer = (struct tl_id){0};
    c->ring_ends_at = 0;
    enter(s, PHASE_WAITING);
    tell(s, TELL_CUSTOMER);
}

/** The customer was gone before the agent's click arrived: give the agent back at once. */
static void accepted_too_late(struct step *s)
{
    owe(s, WORK_DEQUEUE); /* frees the agent, without a wrap-up */
    s->d->former = s->f->agent;
    tell(s, TELL_FORMER);
}

static void accepted(struct step *s)
{
    struct contact *c = s->c;
    bool first = !c->waited;

    if (stale(s))
        return;
    if (!contact_is_live(c)) {
        if (c->phase == PHASE_ENDED)
            accepted_too_late(s);
        return;
    }
    if (talking(c)) {
        if (tl_id_eq(&c->agent, &s->f->agent))
            return;
        s->d->former = c->agent; /* we missed that the first agent was lost */
        tell(s, TELL_FORMER);
        stop_cobrowse(s, "lost");
        stop_talk(s);
    }
    c->owed &= ~(unsigned)(WORK_ENQUEUE | WORK_ROUTE | WORK_HOLD | WORK_RELEASE);
    c->offer = s->f->offer;
    c->agent = s->f->agent;
    (void)tl_str_put(c->agent_name, sizeof c->agent_name, tl_str(s->f->agent_name));
    c->ring_ends_at = 0;
    c->connected_at = s->now;
    if (first)
        c->waited = TL_HIGHER(s->now - c->enqueued_at, 1);
    enter(s, PHASE_CONNECTED);
    (void)event(s, EVENT_CONNECTED);
    if (contact_has_audio(c))
        owe(s, WORK_CONNECT);
    if (c->cobrowse_consent) {
        c->cobrowse_active = true;
        owe(s, WORK_OPEN_ROOM);
        (void)event(s, EVENT_CONSENTED);
    }
    tell(s, TELL_CUSTOMER | TELL_AGENT | TELL_CARD);
}

static void named(struct step *s)
{
    struct contact *c = s->c;

    if (!talking(c) || !tl_id_eq(&c->agent, &s->f->agent) ||
        strcmp(c->agent_name, s->f->agent_name) == 0)
        return;
    (void)tl_str_put(c->agent_name, sizeof c->agent_name, tl_str(s->f->agent_name));
    s->d->changed = true;
    tell(s, TELL_CUSTOMER | TELL_AGENT);
}

static void dequeued(struct step *s)
{
    if (stale(s) || !in_line(s->c))
        return;
    if (s->c->owed & WORK_ENQUEUE)
        return; /* about an earlier stay in the queue */
    finish(s, OUTCOME_CLOSED, ROLE_SYSTEM, s->f->cause && *s->f->cause ? s->f->cause : "closed");
    s->c->owed &= ~(unsigned)WORK_DEQUEUE;
}

static void released(struct step *s)
{
    if (stale(s) || !talking(s->c))
        return;
    queue_again(s, 0); /* not by us: the agent is gone */
}

static void wrap_up_timeout(struct step *s)
{
    struct contact *c = s->c;
    struct contact_event *e;

    if (stale(s) || c->phase != PHASE_WRAP_UP)
        return;
    c->owed &= ~(unsigned)WORK_RELEASE; /* the wrap-up began, so it was released */
    e = event(s, EVENT_WRAPPED_UP);
    e->lasted = s->now - c->since;
    e->by_timer = true;
    enter(s, PHASE_ENDED);
    tell(s, TELL_AGENT);
}

/* ---- from people ------------------------------------------------------------------------ */

static void hung_up(struct step *s)
{
    struct contact *c = s->c;
    bool talked = talking(c);

    if (!contact_is_live(c))
        return;
    if (s->f->by != ROLE_CUSTOMER && !talked) {
        refuse(s, 409, "not connected: decline the offer instead");
        return;
    }
    finish(s, talked || c->talked ? OUTCOME_COMPLETED : OUTCOME_ABANDONED, s->f->by,
           talked ? "hangup" : "abandoned");
}

static void customer_lost(struct step *s)
{
    struct contact *c = s->c;

    if (contact_is_live(c))
        finish(s, talking(c) || c->talked ? OUTCOME_COMPLETED : OUTCOME_ABANDONED, ROLE_CUSTOMER,
               s->f->cause ? s->f->cause : "session_lost");
}

static void agent_lost(struct step *s)
{
    if (talking(s->c) && (tl_id_empty(&s->f->agent) || tl_id_eq(&s->c->agent, &s->f->agent)))
        queue_again(s, WORK_RELEASE);
}

static void hold_asked(struct step *s)
{
    struct contact *c = s->c;

    if (c->phase == PHASE_HELD)
        return;
    if (c->phase != PHASE_CONNECTED) {
        refuse(s, 409, "not connected");
        return;
    }
    c->held_at = s->now;
    enter(s, PHASE_HELD);
    (void)event(s, EVENT_HELD);
    if (contact_has_audio(c))
        owe(s, WORK_HOLD);
    tell(s, TELL_CUSTOMER | TELL_AGENT);
}

static void retrieve_asked(struct step *s)
{
    struct contact *c = s->c;

    if (c->phase == PHASE_CONNECTED)
        return;
    if (c->phase != PHASE_HELD) {
        refuse(s, 409, "not on hold");
        return;
    }
    event(s, EVENT_RETRIEVED)->lasted = s->now - c->held_at;
    stop_hold(s);
    /* The conversation's clock goes on without the time on hold. */
    c->connected_at += s->now - c->since;
    enter(s, PHASE_CONNECTED);
    if (contact_has_audio(c))
        owe(s, WORK_HOLD);
    tell(s, TELL_CUSTOMER | TELL_AGENT);
}

static void consented(struct step *s)
{
    struct contact *c = s->c;

    if (!contact_is_live(c)) {
        refuse(s, 409, "the contact is over");
        return;
    }
    if (!c->cobrowse_consent)
        s->d->changed = true;
    c->cobrowse_consent = true;
    if (!talking(c) || c->cobrowse_active)
        return;
    c->cobrowse_active = true;
    (void)event(s, EVENT_CONSENTED);
    c->owed &= ~(unsigned)WORK_CLOSE_ROOM;
    owe(s, WORK_OPEN_ROOM);
    tell(s, TELL_CUSTOMER | TELL_AGENT);
}

static void withdrawn(struct step *s)
{
    struct contact *c = s->c;

    if (c->cobrowse_consent)
        s->d->changed = true;
    c->cobrowse_consent = false;
    if (!c->cobrowse_active)
        return;
    stop_cobrowse(s, s->f->by == ROLE_CUSTOMER ? "customer"
                     : s->f->by == ROLE_AGENT  ? "agent"
                                               : "lost");
    tell(s, TELL_CUSTOMER | TELL_AGENT);
}

static void room_closed(struct step *s)
{
    if ((s->c->owed & WORK_OPEN_ROOM) || !s->c->cobrowse_active)
        return; /* about the room before */
    withdrawn(s);
    s->c->owed &= ~(unsigned)WORK_CLOSE_ROOM;
}

static void wrapped_up(struct step *s)
{
    struct contact *c = s->c;
    struct contact_event *e;

    if (!rules_knows(s->rules, s->f->disposition)) {
        refuse(s, 422, "no such disposition");
        return;
    }
    if (c->phase == PHASE_ENDED)
        return; /* the timer or a repeat was first; the note is still kept */
    if (c->phase != PHASE_WRAP_UP) {
        refuse(s, 409, "not in wrap-up");
        return;
    }
    e = event(s, EVENT_WRAPPED_UP);
    e->lasted = s->now - c->since;
    word(e, s->f->disposition);
    owe(s, WORK_FINISH);
    enter(s, PHASE_ENDED);
    tell(s, TELL_AGENT);
}

/* ---- time and repair -------------------------------------------------------------------- */

static void deadline(struct step *s)
{
    struct contact *c = s->c;

    if (s->now < contact_due(c, s->rules))
        return;
    switch (c->phase) {
    case PHASE_REQUESTED:
    case PHASE_ROUTED: finish(s, OUTCOME_FAILED, ROLE_SYSTEM, "setup_timeout"); break;
    case PHASE_WAITING: finish(s, OUTCOME_CLOSED, ROLE_SYSTEM, "longest_wait"); break;
    case PHASE_RINGING: /* nobody told us how the ring ended: ask for a place in line again */
        c->agent = c->offer = (struct tl_id){0};
        c->ring_ends_at = 0;
        owe(s, WORK_ENQUEUE);
        enter(s, PHASE_WAITING);
        tell(s, TELL_CUSTOMER);
        break;
    case PHASE_CONNECTED:
    case PHASE_HELD:
        finish(s, c->owed & WORK_CONNECT ? OUTCOME_FAILED : OUTCOME_COMPLETED, ROLE_SYSTEM,
               c->owed & WORK_CONNECT ? "media_lost" : "longest_talk");
        break;
    case PHASE_WRAP_UP:
        wrap_up_timeout(s);
        owe(s, WORK_FINISH);
        break;
    case PHASE_ENDED: break;
    }
}

/** Work that fits the phase. */
static unsigned fitting(const struct contact *c)
{
    switch (c->phase) {
    case PHASE_WAITING:
    case PHASE_RINGING: return WORK_ENQUEUE | (contact_has_audio(c) ? WORK_PREPARE : 0);
    case PHASE_CONNECTED:
    case PHASE_HELD: return contact_has_audio(c) ? WORK_PREPARE | WORK_CONNECT : 0;
    case PHASE_WRAP_UP: return WORK_RELEASE | WORK_HANG_UP;
    case PHASE_ENDED: return WORK_FINISH | WORK_DEQUEUE | WORK_HANG_UP;
    default: return 0;
    }
}

static void mended(struct step *s)
{
    unsigned work = s->f->work & fitting(s->c) & ~s->c->owed;

    if (!work)
        return;
    if (tl_id_empty(&s->c->agent))
        s->c->agent = s->f->agent; /* whom the ACD believes to be with it */
    owe(s, work);
}

tl_time contact_due(const struct contact *c, const struct rules *rules)
{
    switch (c->phase) {
    case PHASE_REQUESTED:
    case PHASE_ROUTED: return c->since + rules->setup_max;
    case PHASE_WAITING:
        return TL_HIGHER(c->enqueued_at, c->since - rules->wait_max) + rules->wait_max;
    case PHASE_RINGING: return TL_HIGHER(c->ring_ends_at, c->since) + rules->grace;
    case PHASE_CONNECTED:
    case PHASE_HELD:
        return c->since + (c->owed & WORK_CONNECT ? rules->media_max : rules->talk_max);
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
    enter(&s, PHASE_REQUESTED);
    (void)event(&s, EVENT_REQUESTED);
    owe(&s, WORK_ROUTE);
}

void contact_step(struct contact *c, const struct contact_fact *fact, const struct rules *rules,
                  tl_time now, struct contact_decision *ret)
{
    static void (*const steps[])(struct step *) = {
        [FACT_ROUTED_TO] = routed,
        [FACT_FLOW_CLOSED] = flow_closed,
        [FACT_WORK_DONE] = work_done,
        [FACT_WORK_REFUSED] = work_refused,
        [FACT_OFFERED] = offered,
        [FACT_OFFER_OVER] = offer_over,
        [FACT_ACCEPTED] = accepted,
        [FACT_NAMED] = named,
        [FACT_DEQUEUED] = dequeued,
        [FACT_RELEASED] = released,
        [FACT_WRAP_UP_TIMEOUT] = wrap_up_timeout,
        [FACT_HUNG_UP] = hung_up,
        [FACT_CUSTOMER_LOST] = customer_lost,
        [FACT_AGENT_LOST] = agent_lost,
        [FACT_HOLD_ASKED] = hold_asked,
        [FACT_RETRIEVE_ASKED] = retrieve_asked,
        [FACT_CONSENTED] = consented,
        [FACT_ROOM_CLOSED] = room_closed,
        [FACT_WITHDRAWN] = withdrawn,
        [FACT_WRAPPED_UP] = wrapped_up,
        [FACT_DEADLINE] = deadline,
        [FACT_MENDED] = mended,
    };
    struct step s = {.c = c, .f = fact, .rules = rules, .now = now, .d = ret};

    *ret = (struct contact_decision){0};
    steps[fact->kind](&s);
    if (fact->repair && ret->changed)
        word(event(&s, EVENT_REPAIRED), fact->repair);
}
