/**
 * @file legs_end.c  Legs end, contacts part, and pictures are shown.
 */
#include "core/legs_inner.h"

void end_leg(struct legs *g, struct leg *leg, const char *cause, bool in_janus, int say)
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

void disconnect(struct legs *g, struct contact *c, const char *cause)
{
    end_published(g, c, cause);
    if (c->joined)
        tell_contact(g, LEGS_TELL_DISCONNECTED, c);
    c->agent = (struct tl_id){0};
    c->joined = c->held = false;
    c->seat->relabel = true;
}

/* ---- the picture -------------------------------------------------------------------------- */

void start_view(struct legs *g, struct leg *feed)
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

void renew_views(struct legs *g, struct contact *c)
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

void release_contact(struct legs *g, struct contact *c)
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
