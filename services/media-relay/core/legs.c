/**
 * @file legs.c  Facts to decisions.
 *
 * Every step ends in settle(): what each seat hears is worked out anew from the state, and whatever
 * differs from what the plane was told is said.  So no path through the facts can leave a seat
 * hearing the wrong thing.
 */
#include "core/legs_inner.h"

#include <stdio.h>

/* ---- what everybody hears ----------------------------------------------------------------- */

bool seat_is_up(const struct seat *s)
{
    return s && s->leg && s->leg->state == LEG_UP;
}

struct contact *heard_by(const struct legs *g, const struct tl_id *agent)
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
    if (c->joined || tl_id_empty(&c->agent) || !seat_is_up(c->seat) ||
        !seat_is_up(seat_of_agent(g, &c->agent)))
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

/* More decisions than any one step can make. */
static size_t most_decisions(const struct legs *g)
{
    return 32 + 8 * (g->leg_list.n + g->seat_list.n + g->contact_list.n);
}

int legs_step(struct legs *g, const struct legs_fact *f, tl_time now, tl_time wall,
              struct legs_outcome *ret_outcome)
{
    struct legs_outcome out = {0, ""};
    struct leg *leg = tl_id_empty(&f->leg) ? NULL : leg_find(g, &f->leg);
    int err = queue_reserve(g, most_decisions(g));
    size_t before;

    if (err)
        return err;
    g->now = now;
    g->wall = wall;
    before = g->queue_n;
    switch (f->kind) {
    case LEGS_PREPARE: err = command_prepare(g, f, &out); break;
    case LEGS_OFFER: err = command_offer(g, f, &out); break;
    case LEGS_ANSWER: command_answer(g, f, &out); break;
    case LEGS_CLOSE: command_close(g, f, &out); break;
    case LEGS_CONNECT: command_connect(g, f, &out); break;
    case LEGS_HOLD: command_hold(g, f, &out); break;
    case LEGS_RELEASE: release_contact(g, contact_find(g, &f->contact)); break;
    case LEGS_ATTACHED:
        if (leg) {
            leg->handle = f->handle;
            if (leg->seat || leg->contact)
                (leg->seat ? leg->seat : leg->contact->seat)->relabel = true;
        }
        break;
    case LEGS_UP:
        if (leg)
            saw_leg_up(g, leg);
        break;
    case LEGS_DOWN:
        if (leg)
            end_leg(g, leg, f->text, true, SAY_SO);
        break;
    case LEGS_HEARD: saw_seat(g, f); break;
    case LEGS_SEAT_REFUSED: saw_seat_refused(g, f->key); break;
    case LEGS_JANUS_LOST: g->janus_up = false; break;
    case LEGS_JANUS_BACK: g->janus_up = true; break;
    case LEGS_JANUS_NEW: saw_new_janus(g); break;
    case LEGS_PLANE_LOST: g->plane_up = false; break;
    case LEGS_PLANE_BACK: saw_plane_again(g); break;
    case LEGS_PLANE_NEW: saw_new_plane(g); break;
    case LEGS_ADOPT: err = label_adopt(g, f->key, f->text); break;
    case LEGS_TICK: saw_tick(g); break;
    }
    /* Half of an adopted state settles nothing, and most of what the plane counts changes nothing.
     */
    if (f->kind != LEGS_ADOPT && (f->kind != LEGS_HEARD || g->queue_n != before))
        settle(g);
    *ret_outcome = out;
    return err;
}
