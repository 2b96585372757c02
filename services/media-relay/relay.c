/**
 * @file relay.c  Decisions are carried out in the order they were made; a fact that comes up while
 * doing so is stepped after them.
 */
#include "relay_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define POLL_EVERY TL_MSEC(500) /* how often the plane is asked what came in */

/* ---- work --------------------------------------------------------------------------------- */

struct work *work_find(const struct relay *r, const struct tl_id *leg)
{
    struct tl_entry *e = tl_map_find(&r->works, tl_id_str(leg));

    return e ? TL_CONTAINER(e, struct work, by_leg) : NULL;
}

struct work *work_new(struct relay *r, const struct legs_decision *d, const char *offer)
{
    struct work *w = tl_alloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->relay = r;
    w->leg = d->leg;
    w->contact = d->contact;
    w->session = d->session;
    w->feed = d->feed;
    w->media = d->media;
    w->shows = d->shows;
    w->handle = d->handle;
    memcpy(w->key, d->key, sizeof w->key);
    w->offer = offer ? tl_copy(offer, strlen(offer)) : NULL;
    if ((offer && !w->offer) || tl_map_add(&r->works, &w->by_leg, tl_id_str(&w->leg))) {
        tl_free(w->offer);
        return tl_free(w);
    }
    tl_list_append(&r->work_list, &w->in_works);
    return w;
}

static void work_free(struct work *w)
{
    tl_list_remove(&w->relay->work_list, &w->in_works);
    tl_free(w->offer);
    tl_free(w->answer);
    tl_free(w->rtp);
    tl_free(w);
}

/* The core let go: give the handle back once nothing is under way any more. */
void work_release(struct work *w)
{
    if (!w->let_go) {
        w->let_go = true;
        tl_map_remove(&w->relay->works, &w->by_leg);
    }
    if (w->asked)
        return;
    give_back(w->relay, w->handle, NULL);
    work_free(w);
}

/* It cannot be set up.  The core decides to detach, which releases w. */
void work_failed(struct work *w, int code, const char *why)
{
    struct tl_id leg = w->leg;
    struct relay *r = w->relay;

    if ((w->media != LEGS_VIEW) && !w->answer)
        r->ops.answered(r->arg, &leg, code, why, NULL);
    fact_leg(r, LEGS_DOWN, &leg, 0, "setup_failed");
}

/* ---- decisions ---------------------------------------------------------------------------- */

struct opening {
    struct relay *relay;
    char key[LEGS_KEY];
};

static void on_open(void *arg, int err, struct tl_str answer)
{
    struct opening *o = arg;
    struct legs_outcome ignored;

    (void)answer;
    if (err && err != -EEXIST && err != -ECONNRESET) {
        tl_metric_add(tl_counter("tl_media_seats_refused_total", NULL,
                                 "times the plane had no port for a seat"),
                      1);
        if (tl_log_allow("open"))
            tl_warn("the plane has no port for a seat, it is asked again", TL_E(err));
        (void)relay_step(o->relay, &(struct legs_fact){.kind = LEGS_SEAT_REFUSED, .key = o->key},
                         NULL,
                         &ignored); /* out of memory: its leg cannot be set up, and comes again */
    }
    tl_free(o);
}

static void open_seat(struct relay *r, const struct legs_decision *d)
{
    struct opening *o = tl_alloc(1, sizeof *o);

    if (o) {
        o->relay = r;
        memcpy(o->key, d->key, sizeof o->key);
    }
    plane_ask(r->plane, o ? on_open : NULL, o, "open %s", d->key);
}

/* The plane has put something harmless in its place (commands.c). */
static void on_hear(void *arg, int err, struct tl_str answer)
{
    (void)arg, (void)answer;
    if (!err || err == -ECONNRESET || err == -ESRCH) /* the last: the seat was refused, see above */
        return;
    tl_metric_add(tl_counter("tl_media_sounds_missing_total", NULL,
                             "times a leg should have heard a sound that the plane does not have"),
                  1);
    if (tl_log_allow("hear"))
        tl_warn("a sound is not there, music or silence is heard instead", TL_E(err));
}

static void let_go(struct relay *r, const struct legs_decision *d)
{
    struct work *w = work_find(r, &d->leg);

    if (w)
        work_release(w);
    else
        give_back(r, d->handle, NULL);
}

static void start(struct relay *r, const struct legs_decision *d, const char *sdp)
{
    struct work *w = work_new(r, d, d->kind == LEGS_DO_START ? sdp : NULL);

    if (w && d->kind == LEGS_DO_START)
        work_start(w);
    else if (w)
        work_view(w);
    else
        fact_leg(r, LEGS_DOWN, &d->leg, 0, "out_of_memory");
}

static void answer_view(struct relay *r, const struct legs_decision *d, const char *sdp)
{
    struct work *w = work_find(r, &d->leg);

    if (w && sdp)
        work_answer(w, sdp);
}

static void carry_out(struct relay *r, const struct legs_decision *d, const char *sdp)
{
    switch (d->kind) {
    case LEGS_DO_OPEN_SEAT: open_seat(r, d); break;
    case LEGS_DO_CLOSE_SEAT: plane_ask(r->plane, NULL, NULL, "close %s", d->key); break;
    case LEGS_DO_UNPEER: plane_ask(r->plane, NULL, NULL, "unpeer %s", d->key); break;
    case LEGS_DO_LABEL: plane_ask(r->plane, NULL, NULL, "label %s %s", d->key, d->text); break;
    case LEGS_DO_HEAR: plane_ask(r->plane, on_hear, r, "hear %s %s", d->key, d->text); break;
    case LEGS_DO_PLAY: plane_ask(r->plane, on_hear, r, "play %s %s", d->key, d->text); break;
    case LEGS_DO_START:
    case LEGS_DO_VIEW: start(r, d, sdp); break;
    case LEGS_DO_ANSWER: answer_view(r, d, sdp); break;
    case LEGS_DO_DETACH: let_go(r, d); break;
    case LEGS_DO_WATCH: (void)work_new(r, d, NULL); break; /* without: silence ends the leg */
    case LEGS_DO_END_ROOM: give_back(r, 0, &d->contact); break;
    default: r->ops.tell(r->arg, d); break;
    }
}

int relay_step(struct relay *r, const struct legs_fact *f, const char *sdp,
               struct legs_outcome *ret_outcome)
{
    struct legs_decision d;
    int err = legs_step(r->legs, f, tl_loop_now(r->loop), tl_clock_wall(), ret_outcome);

    if (r->stepping)
        return err; /* the one below us in the stack carries it out */
    r->stepping = true;
    while (legs_next(r->legs, &d))
        carry_out(r, &d, sdp);
    r->stepping = false;
    return err;
}

void fact(struct relay *r, enum legs_fact_kind kind)
{
    struct legs_outcome ignored;

    if (relay_step(r, &(struct legs_fact){.kind = kind}, NULL, &ignored))
        abort(); /* a fact is lost: a successor finds the truth in the plane */
}

void fact_leg(struct relay *r, enum legs_fact_kind kind, const struct tl_id *leg, uint64_t handle,
              const char *cause)
{
    struct legs_outcome ignored;
    struct legs_fact f = {.kind = kind, .leg = *leg, .handle = handle, .text = cause};

    if (relay_step(r, &f, NULL, &ignored))
        abort();
}

/* ---- life --------------------------------------------------------------------------------- */

int relay_open(struct relay **ret, struct tl_loop *loop, const struct relay_opts *opts,
               const struct relay_ops *ops, void *arg)
{
    static const struct plane_ops plane_ops = {relay_plane_lost, relay_plane_found};
    struct relay *r = tl_alloc(1, sizeof *r);
    uint8_t seed[10];
    int err;

    if (!r)
        return -ENOMEM;
    r->loop = loop;
    r->ops = *ops;
    r->arg = arg;
    tl_list_init(&r->work_list);
    tl_list_init(&r->debts);
    tl_str_put(r->janus_url, sizeof r->janus_url, tl_str(opts->janus_url));
    tl_str_put(r->janus_secret, sizeof r->janus_secret, tl_str(opts->janus_secret));
    tl_str_put(r->room_key, sizeof r->room_key, tl_str(opts->room_key));
    tl_random(seed, sizeof seed);
    err = legs_new(&r->legs, seed, opts->seats);
    if (!err)
        err = tl_timer_new(&r->poll, loop, relay_poll_plane, r);
    if (!err)
        err = plane_client_open(&r->plane, loop, opts->plane_socket, &plane_ops, r);
    if (err) {
        relay_close(r);
        return err;
    }
    tl_timer_every(r->poll, POLL_EVERY);
    *ret = r;
    return 0;
}

struct relay *relay_close(struct relay *r)
{
    if (!r)
        return NULL;
    janus_close(r->janus);
    plane_client_close(r->plane);
    tl_timer_free(r->poll);
    tl_list_for_each (&r->work_list, k)
        work_free(TL_CONTAINER(k, struct work, in_works));
    forget_debts(r);
    tl_map_done(&r->works);
    legs_free(r->legs);
    return tl_free(r);
}

const char *relay_answer(const struct relay *r, const struct tl_id *leg)
{
    const struct work *w = work_find(r, leg);

    return w ? w->answer : NULL;
}

bool relay_janus_ready(const struct relay *r)
{
    return janus_ready(r->janus) && r->rooms;
}

bool relay_setting_up(const struct relay *r, const struct tl_id *leg)
{
    const struct work *w = work_find(r, leg);

    return w && w->offer && !w->answer;
}

bool relay_adopted(const struct relay *r)
{
    return r->adopted;
}

bool relay_plane_ready(const struct relay *r)
{
    return plane_client_ready(r->plane);
}

const struct legs *relay_legs(const struct relay *r)
{
    return r->legs;
}
