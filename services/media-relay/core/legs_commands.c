/**
 * @file legs_commands.c  What conversation and the browsers ask for.
 */
#include "core/legs_inner.h"

#include <stdio.h>

static const struct legs_outcome done = {0, ""};
static const struct legs_outcome not_yours = {404, "no such contact or leg"};

int command_prepare(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct contact *c = contact_find(g, &f->contact);

    *out = done;
    if (!c && g->seat_list.n >= g->max_seats) {
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

int command_offer(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
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
    if (seat ? seat->refused : g->seat_list.n >= g->max_seats) {
        *out = (struct legs_outcome){503, "no port is free"};
        return 0;
    }
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

void command_answer(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
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

void command_close(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
{
    struct leg *leg = leg_find(g, &f->leg);

    *out = leg && owns(f, leg) ? done : not_yours;
    if (out->code == 0)
        end_leg(g, leg, "closed", true, QUIETLY);
}

void command_connect(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
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

void command_hold(struct legs *g, const struct legs_fact *f, struct legs_outcome *out)
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
