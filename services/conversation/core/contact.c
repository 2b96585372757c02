/* The contact's state machine.  Each fact has one function; a fact that does not fit the phase is
 * late or repeated and changes nothing.  Work is only ever owed here, never done. */
#include "core/contact.h"

struct step {
    struct cv_contact *c;
    const struct cv_fact *f;
    const struct cv_rules *rules;
    tl_time now;
    struct cv_decision *d;
};

static const char *const phase_names[] = {"requested", "routed", "waiting", "ringing",
                                          "connected", "held",   "wrap_up", "ended"};
static const char *const work_names[CV_WORKS] = {"route",   "release",   "dequeue",   "finish",
                                                 "prepare", "enqueue",   "connect",   "hold",
                                                 "hang_up", "open_room", "close_room"};

const char *cv_phase_name(enum cv_phase phase)
{
    return (unsigned)phase < TL_LEN(phase_names) ? phase_names[phase] : "?";
}

int cv_phase_parse(const char *name, enum cv_phase *ret)
{
    for (size_t i = 0; i < TL_LEN(phase_names); i++) {
        if (strcmp(name, phase_names[i]) == 0) {
            *ret = (enum cv_phase)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *cv_work_name(unsigned work)
{
    for (unsigned i = 0; i < CV_WORKS; i++) {
        if (work == 1u << i)
            return work_names[i];
    }
    return "?";
}

bool cv_is_live(const struct cv_contact *c)
{
    return c->phase < CV_WRAP_UP;
}

bool cv_has_audio(const struct cv_contact *c)
{
    return c->channel != CV_CHAT;
}

bool cv_is_theirs(const struct cv_contact *c, const struct cv_actor *actor)
{
    switch (actor->role) {
    case CV_CUSTOMER: return !tl_id_empty(&c->session) && tl_id_eq(&c->session, &actor->session);
    case CV_AGENT:
    case CV_SUPERVISOR: return !tl_id_empty(&c->agent) && tl_id_eq(&c->agent, &actor->agent);
    default: return false;
    }
}

static bool talking(const struct cv_contact *c)
{
    return c->phase == CV_CONNECTED || c->phase == CV_HELD;
}

static bool in_line(const struct cv_contact *c)
{
    return c->phase == CV_ROUTED || c->phase == CV_WAITING || c->phase == CV_RINGING;
}

static struct cv_event *event(struct step *s, enum cv_event_kind kind)
{
    struct cv_event *e = &s->d->events[s->d->n_events++];

    *e = (struct cv_event){.kind = kind, .agent = s->c->agent};
    s->d->changed = true;
    return e;
}

static void word(struct cv_event *e, const char *text)
{
    (void)tl_str_put(e->word, sizeof e->word, tl_str(text)); /* a longer cause may be cut */
}

static void enter(struct step *s, enum cv_phase phase)
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
    const struct cv_fact *f = s->f;
    struct cv_contact *c = s->c;

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
    struct cv_contact *c = s->c;

    if (c->held_at)
        c->held += s->now - c->held_at;
    c->held_at = 0;
}

/** The clock of the conversation stops: totals are final until somebody else talks. */
static void stop_talk(struct step *s)
{
    struct cv_contact *c = s->c;
    tl_dur held = c->held;

    stop_hold(s);
    if (c->connected_at)
        c->talked += s->now - c->connected_at - (c->held - held);
    c->connected_at = 0;
}

static void stop_cobrowse(struct step *s, const char *by)
{
    struct cv_contact *c = s->c;

    c->owed &= ~(unsigned)CV_OPEN_ROOM;
    if (!c->cobrowse_active)
        return;
    c->cobrowse_active = false;
    word(event(s, CV_EV_STOPPED), by);
    owe(s, CV_CLOSE_ROOM);
    tell(s, CV_TELL_STOPPED);
}

/** Over for the customer, with its one outcome.  talked: an agent has to wrap up. */
static void finish(struct step *s, enum cv_outcome outcome, enum cv_role by, const char *cause)
{
    struct cv_contact *c = s->c;
    bool talked = talking(c), queued = c->phase == CV_WAITING || c->phase == CV_RINGING;
    bool enqueuing = c->phase == CV_ROUTED || (c->owed & CV_ENQUEUE);
    struct cv_event *e;

    if (!talked && !c->waited && c->enqueued_at)
        c->waited = s->now - c->enqueued_at;
    stop_cobrowse(s, "contact_ended");
    stop_talk(s);
    if (!talked) { /* who rang did not talk */
        c->agent = (struct tl_id){0};
        c->agent_name[0] = '\0';
    }
    c->owed &= CV_CLOSE_ROOM | CV_RELEASE;
    c->outcome = outcome;
    c->ended_at = s->now;
    e = event(s, CV_EV_ENDED);
    e->by = by;
    word(e, cause);

    if (talked)
        owe(s, CV_RELEASE);
    if (queued || enqueuing)
        owe(s, CV_DEQUEUE);
    if (cv_has_audio(c) && c->phase != CV_REQUESTED)
        owe(s, CV_HANG_UP);
    c->wrap_up_ends_at = 0;
    enter(s, talked ? CV_WRAP_UP : CV_ENDED);
    tell(s, CV_TELL_CUSTOMER | (talked ? CV_TELL_AGENT | CV_TELL_SURVEY : 0));
}

/** Back in line with the original time: front of the queue for who has waited longest. */
static void queue_again(struct step *s, unsigned before)
{
    struct cv_contact *c = s->c;

    stop_cobrowse(s, "lost");
    if (talking(c)) {
        s->d->former = c->agent;
        tell(s, CV_TELL_FORMER);
        stop_talk(s);
    }
    c->owed &= ~(unsigned)(CV_CONNECT | CV_HOLD);
    owe(s, before | CV_ENQUEUE | (cv_has_audio(c) ? CV_PREPARE : 0));
    c->agent = c->offer = (struct tl_id){0};
    c->agent_name[0] = '\0';
    c->ring_ends_at = 0;
    c->attempt++;
    enter(s, CV_WAITING);
    tell(s, CV_TELL_CUSTOMER);
}

/* ---- from the flow ---------------------------------------------------------------------- */

static void routed(struct step *s)
{
    struct cv_contact *c = s->c;

    if (c->phase != CV_REQUESTED)
        return;
    c->route = *s->f->route;
    c->enqueued_at = s->now;
    c->owed &= ~(unsigned)CV_ROUTE;
    enter(s, CV_ROUTED);
    (void)event(s, CV_EV_ROUTED);
    owe(s, CV_ENQUEUE | (cv_has_audio(c) ? CV_PREPARE : 0));
}

static void flow_closed(struct step *s)
{
    if (s->c->phase == CV_REQUESTED)
        finish(s, CV_CLOSED, CV_SYSTEM, s->f->cause && *s->f->cause ? s->f->cause : "closed");
}

/* ---- confirmations ---------------------------------------------------------------------- */

static void work_done(struct step *s)
{
    struct cv_contact *c = s->c;
    unsigned work = s->f->work & c->owed;

    if ((work & CV_CONNECT) && !tl_id_eq(&c->agent, &s->f->agent))
        work &= ~(unsigned)CV_CONNECT; /* with an agent who is gone: still owed */
    if ((work & CV_HOLD) && s->f->on != (c->phase == CV_HELD))
        work &= ~(unsigned)CV_HOLD; /* changed their mind meanwhile */
    if (!work)
        return;
    c->owed &= ~work;
    s->d->changed = true;
    if ((work & CV_ENQUEUE) && c->phase == CV_ROUTED) {
        enter(s, CV_WAITING);
        tell(s, CV_TELL_CUSTOMER);
    }
    if ((work & CV_RELEASE) && c->phase == CV_WRAP_UP) {
        c->wrap_up_ends_at = s->f->until;
        tell(s, CV_TELL_AGENT);
        if (!s->f->until) { /* this queue has no wrap-up */
            enter(s, CV_ENDED);
            event(s, CV_EV_WRAPPED_UP)->by_timer = true;
        }
    }
}

/** What cannot be undone or repeated: before the talk it ends the contact, afterwards it is
 * settled: the other side does not know the contact any more. */
static void work_refused(struct step *s)
{
    struct cv_contact *c = s->c;
    unsigned work = s->f->work & c->owed;

    if (!work)
        return;
    if ((work & CV_ENQUEUE) && (s->f->code == 422 || s->f->code == 409)) {
        finish(s, CV_CLOSED, CV_SYSTEM, "no_staff"); /* closed, nobody there, or over already */
        return;
    }
    if (work & (CV_ROUTE | CV_PREPARE | CV_ENQUEUE)) {
        finish(s, CV_FAILED, CV_SYSTEM, cv_work_name(work));
        return;
    }
    if ((work & CV_CONNECT) && s->f->code == 404) { /* media lost it: bring it again */
        owe(s, CV_PREPARE);
        return;
    }
    if (work & CV_OPEN_ROOM)
        stop_cobrowse(s, "lost");
    c->owed &= ~work;
    s->d->changed = true;
    if ((work & CV_RELEASE) && c->phase == CV_WRAP_UP) {
        c->wrap_up_ends_at = s->now + s->rules->wrap_up_max;
        tell(s, CV_TELL_AGENT);
    }
}

/* ---- from the ACD ----------------------------------------------------------------------- */

static void offered(struct step *s)
{
    struct cv_contact *c = s->c;

    if (stale(s))
        return;
    if (c->phase == CV_ENDED)
        owe(s, CV_DEQUEUE); /* a late enqueue has brought it back */
    if (!in_line(c))
        return;
    c->owed &= ~(unsigned)(CV_ENQUEUE); /* it is in line, whether or not we heard the answer */
    c->offer = s->f->offer;
    c->agent = s->f->agent;
    c->ring_ends_at = s->f->until;
    enter(s, CV_RINGING);
    tell(s, CV_TELL_CUSTOMER | CV_TELL_CARD);
}

static void offer_over(struct step *s)
{
    struct cv_contact *c = s->c;

    if (stale(s) || c->phase != CV_RINGING)
        return;
    if (!tl_id_empty(&s->f->offer) && !tl_id_eq(&c->offer, &s->f->offer))
        return;
    c->agent = c->offer = (struct tl_id){0};
    c->ring_ends_at = 0;
    enter(s, CV_WAITING);
    tell(s, CV_TELL_CUSTOMER);
}

/** The customer was gone before the agent's click arrived: give the agent back at once. */
static void accepted_too_late(struct step *s)
{
    owe(s, CV_DEQUEUE); /* frees the agent, without a wrap-up */
    s->d->former = s->f->agent;
    tell(s, CV_TELL_FORMER);
}

static void accepted(struct step *s)
{
    struct cv_contact *c = s->c;
    bool first = !c->waited;

    if (stale(s))
        return;
    if (!cv_is_live(c)) {
        if (c->phase == CV_ENDED)
            accepted_too_late(s);
        return;
    }
    if (talking(c)) {
        if (tl_id_eq(&c->agent, &s->f->agent))
            return;
        s->d->former = c->agent; /* we missed that the first agent was lost */
        tell(s, CV_TELL_FORMER);
        stop_cobrowse(s, "lost");
        stop_talk(s);
    }
    c->owed &= ~(unsigned)(CV_ENQUEUE | CV_ROUTE | CV_HOLD | CV_RELEASE);
    c->offer = s->f->offer;
    c->agent = s->f->agent;
    (void)tl_str_put(c->agent_name, sizeof c->agent_name, tl_str(s->f->agent_name));
    c->ring_ends_at = 0;
    c->connected_at = s->now;
    if (first)
        c->waited = TL_HIGHER(s->now - c->enqueued_at, 1);
    enter(s, CV_CONNECTED);
    (void)event(s, CV_EV_CONNECTED);
    if (cv_has_audio(c))
        owe(s, CV_CONNECT);
    if (c->cobrowse_consent) {
        c->cobrowse_active = true;
        owe(s, CV_OPEN_ROOM);
        (void)event(s, CV_EV_CONSENTED);
    }
    tell(s, CV_TELL_CUSTOMER | CV_TELL_AGENT | CV_TELL_CARD);
}

static void named(struct step *s)
{
    struct cv_contact *c = s->c;

    if (!talking(c) || !tl_id_eq(&c->agent, &s->f->agent) ||
        strcmp(c->agent_name, s->f->agent_name) == 0)
        return;
    (void)tl_str_put(c->agent_name, sizeof c->agent_name, tl_str(s->f->agent_name));
    s->d->changed = true;
    tell(s, CV_TELL_CUSTOMER | CV_TELL_AGENT);
}

static void dequeued(struct step *s)
{
    if (stale(s) || !in_line(s->c))
        return;
    if (s->c->owed & CV_ENQUEUE)
        return; /* about an earlier stay in the queue */
    finish(s, CV_CLOSED, CV_SYSTEM, s->f->cause && *s->f->cause ? s->f->cause : "closed");
    s->c->owed &= ~(unsigned)CV_DEQUEUE;
}

static void released(struct step *s)
{
    if (stale(s) || !talking(s->c))
        return;
    queue_again(s, 0); /* not by us: the agent is gone */
}

static void wrap_up_timeout(struct step *s)
{
    struct cv_contact *c = s->c;
    struct cv_event *e;

    if (stale(s) || c->phase != CV_WRAP_UP)
        return;
    c->owed &= ~(unsigned)CV_RELEASE; /* the wrap-up began, so it was released */
    e = event(s, CV_EV_WRAPPED_UP);
    e->lasted = s->now - c->since;
    e->by_timer = true;
    enter(s, CV_ENDED);
    tell(s, CV_TELL_AGENT);
}

/* ---- from people ------------------------------------------------------------------------ */

static void hung_up(struct step *s)
{
    struct cv_contact *c = s->c;
    bool talked = talking(c);

    if (!cv_is_live(c))
        return;
    if (s->f->by != CV_CUSTOMER && !talked) {
        refuse(s, 409, "not connected: decline the offer instead");
        return;
    }
    finish(s, talked || c->talked ? CV_COMPLETED : CV_ABANDONED, s->f->by,
           talked ? "hangup" : "abandoned");
}

static void customer_lost(struct step *s)
{
    struct cv_contact *c = s->c;

    if (cv_is_live(c))
        finish(s, talking(c) || c->talked ? CV_COMPLETED : CV_ABANDONED, CV_CUSTOMER,
               s->f->cause ? s->f->cause : "session_lost");
}

static void agent_lost(struct step *s)
{
    if (talking(s->c) && (tl_id_empty(&s->f->agent) || tl_id_eq(&s->c->agent, &s->f->agent)))
        queue_again(s, CV_RELEASE);
}

static void hold_asked(struct step *s)
{
    struct cv_contact *c = s->c;

    if (c->phase == CV_HELD)
        return;
    if (c->phase != CV_CONNECTED) {
        refuse(s, 409, "not connected");
        return;
    }
    c->held_at = s->now;
    enter(s, CV_HELD);
    (void)event(s, CV_EV_HELD);
    if (cv_has_audio(c))
        owe(s, CV_HOLD);
    tell(s, CV_TELL_CUSTOMER | CV_TELL_AGENT);
}

static void retrieve_asked(struct step *s)
{
    struct cv_contact *c = s->c;

    if (c->phase == CV_CONNECTED)
        return;
    if (c->phase != CV_HELD) {
        refuse(s, 409, "not on hold");
        return;
    }
    event(s, CV_EV_RETRIEVED)->lasted = s->now - c->held_at;
    stop_hold(s);
    /* The conversation's clock goes on without the time on hold. */
    c->connected_at += s->now - c->since;
    enter(s, CV_CONNECTED);
    if (cv_has_audio(c))
        owe(s, CV_HOLD);
    tell(s, CV_TELL_CUSTOMER | CV_TELL_AGENT);
}

static void consented(struct step *s)
{
    struct cv_contact *c = s->c;

    if (!cv_is_live(c)) {
        refuse(s, 409, "the contact is over");
        return;
    }
    if (!c->cobrowse_consent)
        s->d->changed = true;
    c->cobrowse_consent = true;
    if (!talking(c) || c->cobrowse_active)
        return;
    c->cobrowse_active = true;
    (void)event(s, CV_EV_CONSENTED);
    c->owed &= ~(unsigned)CV_CLOSE_ROOM;
    owe(s, CV_OPEN_ROOM);
    tell(s, CV_TELL_CUSTOMER | CV_TELL_AGENT);
}

static void withdrawn(struct step *s)
{
    struct cv_contact *c = s->c;

    if (c->cobrowse_consent)
        s->d->changed = true;
    c->cobrowse_consent = false;
    if (!c->cobrowse_active)
        return;
    stop_cobrowse(s, s->f->by == CV_CUSTOMER ? "customer"
                     : s->f->by == CV_AGENT  ? "agent"
                                             : "lost");
    tell(s, CV_TELL_CUSTOMER | CV_TELL_AGENT);
}

static void room_closed(struct step *s)
{
    if ((s->c->owed & CV_OPEN_ROOM) || !s->c->cobrowse_active)
        return; /* about the room before */
    withdrawn(s);
    s->c->owed &= ~(unsigned)CV_CLOSE_ROOM;
}

static void wrapped_up(struct step *s)
{
    struct cv_contact *c = s->c;
    struct cv_event *e;

    if (!cv_rules_knows(s->rules, s->f->disposition)) {
        refuse(s, 422, "no such disposition");
        return;
    }
    if (c->phase == CV_ENDED)
        return; /* the timer or a repeat was first; the note is still kept */
    if (c->phase != CV_WRAP_UP) {
        refuse(s, 409, "not in wrap-up");
        return;
    }
    e = event(s, CV_EV_WRAPPED_UP);
    e->lasted = s->now - c->since;
    word(e, s->f->disposition);
    owe(s, CV_FINISH);
    enter(s, CV_ENDED);
    tell(s, CV_TELL_AGENT);
}

/* ---- time and repair -------------------------------------------------------------------- */

static void deadline(struct step *s)
{
    struct cv_contact *c = s->c;

    if (s->now < cv_due(c, s->rules))
        return;
    switch (c->phase) {
    case CV_REQUESTED:
    case CV_ROUTED: finish(s, CV_FAILED, CV_SYSTEM, "setup_timeout"); break;
    case CV_WAITING: finish(s, CV_CLOSED, CV_SYSTEM, "longest_wait"); break;
    case CV_RINGING: /* nobody told us how the ring ended: ask for a place in line again */
        c->agent = c->offer = (struct tl_id){0};
        c->ring_ends_at = 0;
        owe(s, CV_ENQUEUE);
        enter(s, CV_WAITING);
        tell(s, CV_TELL_CUSTOMER);
        break;
    case CV_CONNECTED:
    case CV_HELD:
        finish(s, c->owed & CV_CONNECT ? CV_FAILED : CV_COMPLETED, CV_SYSTEM,
               c->owed & CV_CONNECT ? "media_lost" : "longest_talk");
        break;
    case CV_WRAP_UP:
        wrap_up_timeout(s);
        owe(s, CV_FINISH);
        break;
    case CV_ENDED: break;
    }
}

/** Work that fits the phase. */
static unsigned fitting(const struct cv_contact *c)
{
    switch (c->phase) {
    case CV_WAITING:
    case CV_RINGING: return CV_ENQUEUE | (cv_has_audio(c) ? CV_PREPARE : 0);
    case CV_CONNECTED:
    case CV_HELD: return cv_has_audio(c) ? CV_PREPARE | CV_CONNECT : 0;
    case CV_WRAP_UP: return CV_RELEASE | CV_HANG_UP;
    case CV_ENDED: return CV_FINISH | CV_DEQUEUE | CV_HANG_UP;
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

tl_time cv_due(const struct cv_contact *c, const struct cv_rules *rules)
{
    switch (c->phase) {
    case CV_REQUESTED:
    case CV_ROUTED: return c->since + rules->setup_max;
    case CV_WAITING: return TL_HIGHER(c->enqueued_at, c->since - rules->wait_max) + rules->wait_max;
    case CV_RINGING: return TL_HIGHER(c->ring_ends_at, c->since) + rules->grace;
    case CV_CONNECTED:
    case CV_HELD: return c->since + (c->owed & CV_CONNECT ? rules->media_max : rules->talk_max);
    case CV_WRAP_UP:
        return (c->wrap_up_ends_at ? c->wrap_up_ends_at : c->since + rules->wrap_up_max) +
               rules->grace;
    case CV_ENDED: break;
    }
    return TL_NEVER;
}

unsigned cv_payable(const struct cv_contact *c)
{
    unsigned work = c->owed;

    if (work & CV_RELEASE)
        work &= ~(unsigned)(CV_FINISH | CV_ENQUEUE);
    if (work & CV_PREPARE)
        work &= ~(unsigned)(CV_ENQUEUE | CV_CONNECT);
    if (work & CV_CONNECT)
        work &= ~(unsigned)CV_HOLD;
    if (work & CV_CLOSE_ROOM)
        work &= ~(unsigned)CV_OPEN_ROOM;
    return work;
}

void cv_open(struct cv_contact *c, struct cv_decision *ret, tl_time now)
{
    struct step s = {.c = c, .now = now, .d = ret};

    *ret = (struct cv_decision){0};
    c->requested_at = now;
    enter(&s, CV_REQUESTED);
    (void)event(&s, CV_EV_REQUESTED);
    owe(&s, CV_ROUTE);
}

void cv_step(struct cv_contact *c, const struct cv_fact *fact, const struct cv_rules *rules,
             tl_time now, struct cv_decision *ret)
{
    static void (*const steps[])(struct step *) = {
        [CV_ROUTED_TO] = routed,
        [CV_FLOW_CLOSED] = flow_closed,
        [CV_WORK_DONE] = work_done,
        [CV_WORK_REFUSED] = work_refused,
        [CV_OFFERED] = offered,
        [CV_OFFER_OVER] = offer_over,
        [CV_ACCEPTED] = accepted,
        [CV_NAMED] = named,
        [CV_DEQUEUED] = dequeued,
        [CV_RELEASED] = released,
        [CV_WRAP_UP_TIMEOUT] = wrap_up_timeout,
        [CV_HUNG_UP] = hung_up,
        [CV_CUSTOMER_LOST] = customer_lost,
        [CV_AGENT_LOST] = agent_lost,
        [CV_HOLD_ASKED] = hold_asked,
        [CV_RETRIEVE_ASKED] = retrieve_asked,
        [CV_CONSENTED] = consented,
        [CV_ROOM_CLOSED] = room_closed,
        [CV_WITHDRAWN] = withdrawn,
        [CV_WRAPPED_UP] = wrapped_up,
        [CV_DEADLINE] = deadline,
        [CV_MENDED] = mended,
    };
    struct step s = {.c = c, .f = fact, .rules = rules, .now = now, .d = ret};

    *ret = (struct cv_decision){0};
    steps[fact->kind](&s);
    if (fact->repair && ret->changed)
        word(event(&s, CV_EV_REPAIRED), fact->repair);
}
