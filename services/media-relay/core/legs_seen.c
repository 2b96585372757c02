/**
 * @file legs_seen.c  What the shell saw: legs come up, seats fall silent, parts die, time passes.
 */
#include "core/legs_inner.h"

void saw_leg_up(struct legs *g, struct leg *leg)
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

void saw_seat(struct legs *g, const struct legs_fact *f)
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

void saw_seat_refused(struct legs *g, const char *key)
{
    struct seat *s = seat_find(g, key);

    if (s)
        s->refused = true;
}

/* The plane knows nothing of it: say everything. */
static void seat_again(struct legs *g, struct seat *s)
{
    s->refused = false;
    decide_seat(g, LEGS_DO_OPEN_SEAT, s, "");
    s->told[0] = '\0';
    s->relabel = true;
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
void saw_new_janus(struct legs *g)
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

void saw_plane_again(struct legs *g)
{
    g->plane_up = true;
    tl_list_for_each (&g->seat_list, k)
        seat_again(g, SEAT_OF(k));
}

void saw_new_plane(struct legs *g)
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
    saw_plane_again(g);
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
             seat_is_up(leg->contact->seat) && g->now - leg->view_tried >= VIEW_RETRY)
        start_view(g, leg);
}

void saw_tick(struct legs *g)
{
    tl_list_for_each (&g->leg_list, k)
        tick_leg(g, LEG_OF(k));
    tl_list_for_each (&g->seat_list, s_link) {
        struct seat *s = SEAT_OF(s_link);

        if (s->refused)
            seat_again(g, s);
        if (s->leg)
            continue;
        if (s->contact && g->now - s->empty_since >= CONTACT_IDLE) {
            release_contact(g, s->contact);
        } else if (!s->contact && g->now - s->empty_since >= SEAT_IDLE && !heard_by(g, &s->agent)) {
            decide_seat(g, LEGS_DO_CLOSE_SEAT, s, "");
            seat_drop(g, s);
        }
    }
}
