/**
 * @file legs.c  Facts to decisions.
 *
 * Every step ends in settle(): what each seat hears is worked out anew from the state, and whatever
 * differs from what the plane was told is said.  So no path through the facts can leave a seat
 * hearing the wrong thing.
 */
#include "core/legs_inner.h"

#include <stdio.h>

static const struct legs_outcome done = {0, ""};
static const struct legs_outcome not_yours = {404, "no such contact or leg"};

/* ---- what everybody hears ----------------------------------------------------------------- */

static bool is_up(const struct seat *s)
{
    return s && s->leg && s->leg->state == LEG_UP;
}

/* The contact whose customer an agent hears: the newest that is not held. */
static struct contact *heard_by(const struct legs *g, const struct tl_id *agent)
{
    struct contact *best = NULL;

    tl_list_for_each (&g->contact_list, k) {
        struct contact *c = CONTACT_OF(k);

        if (c->joined && !c->held && tl_id_eq(&c->agent, agent) &&
            (!best || c->order > best->order))
            best = c;
    }
    return best;
}

static void wanted(const struct legs *g, const struct seat *s, char out[LEGS_KEY + 8])
{
    const struct contact *c = s->contact ? s->contact : heard_by(g, &s->agent);

    if (s->contact && c->joined && !c->held && seat_of_agent(g, &c->agent))
        snprintf(out, LEGS_KEY + 8, "leg:agent:%s", c->agent.s);
    else if (s->contact)
        snprintf(out, LEGS_KEY + 8, c->music[0] ? "sound:%s" : "silence", c->music);
    else if (c)
        snprintf(out, LEGS_KEY + 8, "leg:contact:%s", c->id.s);
    else
        snprintf(out, LEGS_KEY + 8, "silence");
}

static void join_if_ready(struct legs *g, struct contact *c)
{
    if (c->joined || tl_id_empty(&c->agent) || !is_up(c->seat) ||
        !is_up(seat_of_agent(g, &c->agent)))
        return;
    c->joined = true;
    c->seat->relabel = true;
    tell_contact(g, LEGS_TELL_CONNECTED, c);
}

static void settle(struct legs *g)
{
    tl_list_for_each (&g->contact_list, k)
        join_if_ready(g, CONTACT_OF(k));
    tl_list_for_each (&g->seat_list, k) {
        struct seat *s = SEAT_OF(k);
        char hears[LEGS_KEY + 8], label[LEGS_LABEL];

        wanted(g, s, hears);
        if (strcmp(hears, s->told) != 0) {
            memcpy(s->told, hears, sizeof s->told);
            decide_seat(g, LEGS_DO_HEAR, s, hears);
        }
        if (s->relabel) {
            s->relabel = false;
            label_write(s, label);
            decide_seat(g, LEGS_DO_LABEL, s, label);
        }
    }
}

/* ---- legs end ----------------------------------------------------------------------------- */

enum { QUIETLY, SAY_SO }; /* does the browser hear of it? */

/* in_janus: the handle still exists there and has to go. */
static void end_leg(struct legs *g, struct leg *leg, const char *cause, bool in_janus, int say)
{
    if (leg->view)
        end_leg(g, leg->view, cause, in_janus, SAY_SO);
    if (in_janus)
        decide_leg(g, LEGS_DO_DETACH, leg, "");
    if (leg->seat)
        decide_seat(g, LEGS_DO_UNPEER, leg->seat, "");
    if (say == SAY_SO)
        say_closed(g, leg, cause);
    tell_down(g, leg, cause);
    leg_drop(g, leg);
}

static void end_published(struct legs *g, struct contact *c, const char *cause)
{
    for (int i = 0; i < 2; i++)
        if (c->published[i])
            end_leg(g, c->published[i], cause, true, SAY_SO);
}

static void disconnect(struct legs *g, struct contact *c, const char *cause)
{
    end_published(g, c, cause);
    if (c->joined)
        tell_contact(g, LEGS_TELL_DISCONNECTED, c);
    c->agent = (struct tl_id){0};
    c->joined = c->held = false;
    c->seat->relabel = true;
}

/* ---- the picture -------------------------------------------------------------------------- */

static void start_view(struct legs *g, struct leg *feed)
{
    struct tl_id id = make_id(g);
    struct leg *view = leg_make(g, &id, LEGS_VIEW);

    feed->view_tried = g->now;
    if (!view)
        return; /* the tick tries again */
    view->contact = feed->contact;
    view->feed = feed;
    feed->view = view;
    feed->contact->seat->relabel = true;
    decide_leg(g, LEGS_DO_VIEW, view, "");
}

/* The customer's page is new: its old views are gone with the old page. */
static void renew_views(struct legs *g, struct contact *c)
{
    for (int i = 0; i < 2; i++) {
        struct leg *feed = c->published[i];

        if (!feed || feed->state != LEG_UP)
            continue;
        if (feed->view)
            end_leg(g, feed->view, "replaced", true, SAY_SO);
        start_view(g, feed);
    }
}

/* ---- commands ----------------------------------------------------------------------------- */

static int prepare(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct contact *c = contact_find(g, &f->contact);

    *out = done;
    if (!c && g->seat_list.n >= LEGS_MAX_SEATS) {
        *out = (struct legs_outcome){503, "no room for another contact"};
        return 0;
    }
    if (!c) {
        c = contact_make(g, &f->contact);
        if (!c)
            return -ENOMEM;
        decide_seat(g, LEGS_DO_OPEN_SEAT, c->seat, "");
        tell_contact(g, LEGS_DO_REMEMBER, c);
    } else if (!tl_id_empty(&c->agent)) {
        disconnect(g, c, "back_to_queue"); /* the agent was lost: music again */
    }
    c->thread = f->thread;
    c->session = f->session;
    tl_str_put(c->music, sizeof c->music, tl_str(f->text));
    tl_str_put(c->announcements, sizeof c->announcements, tl_str(f->text2));
    c->seat->relabel = true;
    return 0;
}

/* An audio leg takes its seat, after the one that sat there. */
static int offer_audio(struct legs *g, const struct legs_fact *f, struct seat *seat)
{
    struct leg *leg = leg_make(g, &f->leg, LEGS_AUDIO);

    if (!leg)
        return -ENOMEM;
    if (seat->leg) /* another tab of the same agent must not take the seat back */
        end_leg(g, seat->leg, "replaced", true, SAY_SO);
    leg->seat = seat;
    leg->contact = seat->contact;
    leg->agent = seat->agent;
    seat->leg = leg;
    seat->packets_before = seat->packets;
    seat->lost_before = seat->lost;
    seat->relabel = true;
    decide_leg(g, LEGS_DO_START, leg, "");
    if (seat->contact)
        renew_views(g, seat->contact);
    return 0;
}

static int offer_picture(struct legs *g, const struct legs_fact *f, struct contact *c)
{
    struct leg **place = &c->published[f->media == LEGS_SCREEN];
    struct leg *leg = leg_make(g, &f->leg, f->media);

    if (!leg)
        return -ENOMEM;
    if (*place)
        end_leg(g, *place, "replaced", true, SAY_SO);
    leg->contact = c;
    leg->agent = c->agent;
    *place = leg;
    c->seat->relabel = true;
    decide_leg(g, LEGS_DO_START, leg, "");
    return 0;
}

static bool owns(const struct legs_fact *f, const struct leg *leg)
{
    if (f->by_agent)
        return !tl_id_empty(&leg->agent) && tl_id_eq(&leg->agent, &f->agent);
    return tl_id_empty(&leg->agent) && leg->contact &&
           tl_id_eq(&leg->contact->session, &f->session);
}

static int offer(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct contact *c = tl_id_empty(&f->contact) ? NULL : contact_find(g, &f->contact);
    struct leg *same = leg_find(g, &f->leg);
    struct seat *seat = NULL;

    *out = not_yours;
    if (same) {
        if (owns(f, same) && same->kind == f->media)
            *out = (struct legs_outcome){LEGS_AGAIN, ""};
        else
            *out = (struct legs_outcome){409, "the leg id is in use"};
        return 0;
    }
    if (f->media == LEGS_AUDIO && !f->by_agent) {
        if (!c || !tl_id_eq(&c->session, &f->session))
            return 0;
        seat = c->seat;
    } else if (f->media == LEGS_AUDIO) {
        if (!tl_id_empty(&f->contact))
            return 0; /* an agent's audio is its standing leg */
    } else if (!f->by_agent || !c || !tl_id_eq(&c->agent, &f->agent)) {
        return 0;
    }
    if (!g->janus_up || !g->plane_up) {
        *out = (struct legs_outcome){503, "the media server is not ready"};
        return 0;
    }
    *out = (struct legs_outcome){LEGS_LATER, ""};
    if (f->media != LEGS_AUDIO)
        return offer_picture(g, f, c);
    if (!seat)
        seat = seat_of_agent(g, &f->agent);
    if (!seat) {
        char key[LEGS_KEY];

        snprintf(key, sizeof key, "agent:%s", f->agent.s);
        seat = seat_make(g, key, NULL, &f->agent);
        if (!seat)
            return -ENOMEM;
        decide_seat(g, LEGS_DO_OPEN_SEAT, seat, "");
    }
    return offer_audio(g, f, seat);
}

static void answer(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct leg *leg = leg_find(g, &f->leg);

    if (!leg || leg->kind != LEGS_VIEW || !owns(f, leg)) {
        *out = not_yours;
        return;
    }
    *out = done;
    if (leg->state == LEG_SETTING_UP)
        decide_leg(g, LEGS_DO_ANSWER, leg, "");
}

static void close_leg(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct leg *leg = leg_find(g, &f->leg);

    *out = leg && owns(f, leg) ? done : not_yours;
    if (out->code == 0)
        end_leg(g, leg, "closed", true, QUIETLY);
}

static void connect_contact(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct contact *c = contact_find(g, &f->contact);

    if (!c) {
        *out = not_yours;
        return;
    }
    if (f->epoch < c->epoch) {
        *out = (struct legs_outcome){409, "an old epoch"};
        return;
    }
    *out = done;
    if (!tl_id_empty(&c->agent) && !tl_id_eq(&c->agent, &f->agent))
        disconnect(g, c, "other_agent");
    if (tl_id_empty(&c->agent))
        c->order = ++g->connects;
    c->agent = f->agent;
    c->epoch = f->epoch;
    c->seat->relabel = true;
}

static void hold(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct contact *c = contact_find(g, &f->contact);

    *out = not_yours;
    if (!c)
        return;
    *out = (struct legs_outcome){409, "no agent is connected"};
    if (tl_id_empty(&c->agent))
        return;
    *out = done;
    c->held = f->on;
    c->seat->relabel = true;
}

static void release(struct legs *g, struct contact *c)
{
    if (!c)
        return; /* it is over already */
    disconnect(g, c, "released");
    if (c->seat->leg)
        end_leg(g, c->seat->leg, "released", true, QUIETLY);
    decide_seat(g, LEGS_DO_CLOSE_SEAT, c->seat, "");
    tell_contact(g, LEGS_DO_END_ROOM, c);
    tell_contact(g, LEGS_DO_FORGET, c);
    contact_drop(g, c);
}

/* ---- what the shell saw ------------------------------------------------------------------- */

static void leg_is_up(struct legs *g, struct leg *leg)
{
    struct contact *c = leg->contact;

    if (leg->state == LEG_UP)
        return;
    leg->state = LEG_UP;
    leg->since = g->now;
    decide_leg(g, LEGS_TELL_UP, leg, "");
    g->queue[(g->queue_at + g->queue_n - 1) % g->queue_cap].n = (g->now - leg->started) / 1000;
    if (leg->kind == LEGS_CAMERA || leg->kind == LEGS_SCREEN)
        start_view(g, leg);
    if (leg->seat)
        leg->seat->relabel = true;
    if (leg->kind == LEGS_AUDIO && c && !c->announced && c->announcements[0]) {
        c->announced = true;
        decide_seat(g, LEGS_DO_PLAY, c->seat, c->announcements);
    }
}

static void watch_silence(struct legs *g, struct leg *leg, int64_t idle_us)
{
    tl_dur up = g->now - leg->since, quiet = idle_us < 0 || idle_us > up ? up : idle_us;

    if (leg->state != LEG_UP)
        return;
    if (quiet >= SILENT_MAX) {
        end_leg(g, leg, "no_media", true, SAY_SO);
        return;
    }
    if (quiet >= SILENT_AT && !leg->silent) {
        leg->silent = true;
        leg->silent_since = g->now - quiet;
        decide_leg(g, LEGS_TELL_SILENT, leg, "");
    } else if (quiet < SILENT_AT / 2 && leg->silent) {
        leg->silent = false;
        decide_leg(g, LEGS_TELL_BACK, leg, "");
    } else {
        return;
    }
    g->queue[(g->queue_at + g->queue_n - 1) % g->queue_cap].n = (g->now - leg->silent_since) / 1000;
}

static void seat_heard(struct legs *g, const struct legs_fact *f)
{
    struct seat *s = seat_find(g, f->key);

    if (!s)
        return;
    s->packets = f->packets;
    s->lost = f->lost;
    s->jitter_us = f->jitter_us;
    if (s->leg)
        watch_silence(g, s->leg, f->idle_us);
}

static void tell_restarted(struct legs *g, const char *part, size_t legs)
{
    struct legs_decision *d = decide(g, LEGS_TELL_RESTARTED);

    (void)tl_str_put(d->text, sizeof d->text, tl_str(part));
    d->n = (int64_t)legs;
}

static void everybody_again(struct legs *g, const char *reason)
{
    tl_list_for_each (&g->seat_list, k)
        say_reoffer(g, SEAT_OF(k), reason);
}

/* Janus lost every leg; the seats and who is connected with whom stay. */
static void janus_is_new(struct legs *g)
{
    size_t legs = g->leg_list.n;

    g->janus_up = true;
    if (g->seat_list.n == 0)
        return;
    /* Views first, with their feeds: end_leg() of a feed would say that its view is closed. */
    while (g->leg_list.n) {
        struct leg *leg = LEG_OF(tl_list_first(&g->leg_list));

        if (leg->view)
            leg = leg->view;
        end_leg(g, leg, "janus_lost", false, QUIETLY);
    }
    tell_restarted(g, "janus", legs);
    everybody_again(g, "janus_restarted");
}

/* Say everything about the seats to the plane, as to one that knows nothing. */
static void plane_again(struct legs *g)
{
    g->plane_up = true;
    tl_list_for_each (&g->seat_list, k) {
        struct seat *s = SEAT_OF(k);

        decide_seat(g, LEGS_DO_OPEN_SEAT, s, "");
        s->told[0] = '\0';
        s->relabel = true;
    }
}

static void plane_is_new(struct legs *g)
{
    size_t legs = 0;

    tl_list_for_each (&g->leg_list, k) {
        struct leg *leg = LEG_OF(k);

        if (leg->kind == LEGS_AUDIO) {
            legs++;
            end_leg(g, leg, "plane_lost", true, QUIETLY);
        }
    }
    tl_list_for_each (&g->seat_list, k) {
        struct seat *s = SEAT_OF(k);

        s->packets = s->lost = s->packets_before = s->lost_before = 0;
    }
    plane_again(g);
    if (g->seat_list.n == 0)
        return;
    tell_restarted(g, "plane", legs);
    everybody_again(g, "plane_restarted");
}

/* A leg that is not up has no view, so at most this one leg ends here. */
static void tick_leg(struct legs *g, struct leg *leg)
{
    bool picture = leg->kind == LEGS_CAMERA || leg->kind == LEGS_SCREEN;

    if (leg->state == LEG_SETTING_UP && g->now - leg->since >= SETUP_LIMIT)
        end_leg(g, leg, "not_up_in_time", true, SAY_SO);
    else if (picture && leg->state == LEG_UP && !leg->view && g->janus_up &&
             is_up(leg->contact->seat) && g->now - leg->view_tried >= VIEW_RETRY)
        start_view(g, leg);
}

static void tick(struct legs *g)
{
    tl_list_for_each (&g->leg_list, k)
        tick_leg(g, LEG_OF(k));
    tl_list_for_each (&g->seat_list, s_link) {
        struct seat *s = SEAT_OF(s_link);

        if (s->leg)
            continue;
        if (s->contact && g->now - s->empty_since >= CONTACT_IDLE) {
            release(g, s->contact);
        } else if (!s->contact && g->now - s->empty_since >= SEAT_IDLE && !heard_by(g, &s->agent)) {
            decide_seat(g, LEGS_DO_CLOSE_SEAT, s, "");
            seat_drop(g, s);
        }
    }
}

/* More decisions than any one step can make. */
static size_t most_decisions(const struct legs *g)
{
    return 32 + 8 * (g->leg_list.n + g->seat_list.n + g->contact_list.n);
}

int legs_step(struct legs *g, const struct legs_fact *f, tl_time now, tl_time wall,
              struct legs_outcome *ret_outcome)
{
    struct legs_outcome out = done;
    struct leg *leg = tl_id_empty(&f->leg) ? NULL : leg_find(g, &f->leg);
    int err = queue_reserve(g, most_decisions(g));
    size_t before;

    if (err)
        return err;
    g->now = now;
    g->wall = wall;
    before = g->queue_n;
    switch (f->kind) {
    case LEGS_PREPARE: err = prepare(g, f, &out); break;
    case LEGS_OFFER: err = offer(g, f, &out); break;
    case LEGS_ANSWER: answer(g, f, &out); break;
    case LEGS_CLOSE: close_leg(g, f, &out); break;
    case LEGS_CONNECT: connect_contact(g, f, &out); break;
    case LEGS_HOLD: hold(g, f, &out); break;
    case LEGS_RELEASE: release(g, contact_find(g, &f->contact)); break;
    case LEGS_ATTACHED:
        if (leg) {
            leg->handle = f->handle;
            if (leg->seat || leg->contact)
                (leg->seat ? leg->seat : leg->contact->seat)->relabel = true;
        }
        break;
    case LEGS_UP:
        if (leg)
            leg_is_up(g, leg);
        break;
    case LEGS_DOWN:
        if (leg)
            end_leg(g, leg, f->text, true, SAY_SO);
        break;
    case LEGS_HEARD: seat_heard(g, f); break;
    case LEGS_JANUS_LOST: g->janus_up = false; break;
    case LEGS_JANUS_BACK: g->janus_up = true; break;
    case LEGS_JANUS_NEW: janus_is_new(g); break;
    case LEGS_PLANE_LOST: g->plane_up = false; break;
    case LEGS_PLANE_BACK: plane_again(g); break;
    case LEGS_PLANE_NEW: plane_is_new(g); break;
    case LEGS_ADOPT: err = label_adopt(g, f->key, f->text); break;
    case LEGS_TICK: tick(g); break;
    }
    /* Half of an adopted state settles nothing, and most of what the plane counts changes nothing.
     */
    if (f->kind != LEGS_ADOPT && (f->kind != LEGS_HEARD || g->queue_n != before))
        settle(g);
    *ret_outcome = out;
    return err;
}
