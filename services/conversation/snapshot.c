/* What a (re)connecting client needs: its contacts, for agents their cards, and the transcripts. */
#include "handlers.h"

#include <tl_mem.h>
#include <tl_pb.h>

struct snapshot {
    struct cv *cv;
    char reply[CV_REPLY_MAX];
    enum cv_role viewer;
    struct cv_contact *rows;
    int n, at;
    struct tl_buf pieces;
};

static void next(struct snapshot *s);

static void end(struct snapshot *s, const char *why)
{
    struct tl_buf m = TL_BUF(TL_PB_MAX);
    int side = s->viewer == CV_CUSTOMER ? 0 : 1;

    if (!why && cv_wire_snapshot(tl_buf_str(&s->pieces), &m))
        why = "snapshot is too large";
    if (why)
        cv_refuse(s->cv, s->reply, 503, why);
    else
        (void)tl_bus_reply(s->cv->bus, s->reply, m.p, m.n); /* the client asks again */
    for (int i = 0; !why && i < s->n; i++) { /* who lost the connection needs a new ticket */
        if (s->rows[i].cobrowse_active)
            cv_regrant(s->cv, &s->rows[i], side);
    }
    s->cv->tasks--;
    tl_buf_done(&m);
    tl_buf_done(&s->pieces);
    tl_free(s->rows);
    tl_free(s);
}

static void transcript(void *arg, int err, const struct cv_message *rows, int n)
{
    struct snapshot *s = arg;

    for (int i = 0; !err && i < n; i++)
        err = cv_wire_snapshot_message(&rows[i], &s->pieces);
    s->at++;
    if (err)
        end(s, "the store is away");
    else
        next(s);
}

static void ask_transcript(struct snapshot *s)
{
    if (s->cv->store->ops->messages(s->cv->store, &s->rows[s->at].id, NULL, transcript, s))
        end(s, "the store is away");
}

static void card(void *arg, int err, struct tl_str visit, const struct cv_earlier *earlier, int n)
{
    struct snapshot *s = arg;
    struct cv_card k = {
        .contact = &s->rows[s->at], .visit = visit, .earlier = earlier, .n_earlier = n};

    if (err || cv_wire_snapshot_card(&k, &s->pieces))
        end(s, "the store is away");
    else
        ask_transcript(s);
}

static void next(struct snapshot *s)
{
    const struct cv_contact *c = &s->rows[s->at];

    if (s->at >= s->n) {
        end(s, NULL);
    } else if (cv_wire_snapshot_state(c, s->viewer, &s->pieces)) {
        end(s, "out of memory");
    } else if (s->viewer == CV_CUSTOMER) {
        ask_transcript(s);
    } else if (s->cv->store->ops->card(s->cv->store, c, card, s)) {
        end(s, "the store is away");
    }
}

static void listed(void *arg, int err, const struct cv_contact *rows, int n)
{
    struct snapshot *s = arg;

    if (!err && n) {
        s->rows = tl_alloc((size_t)n, sizeof *s->rows);
        if (!s->rows)
            err = -ENOMEM;
        else
            memcpy(s->rows, rows, (size_t)n * sizeof *rows);
    }
    if (err) {
        end(s, "the store is away");
        return;
    }
    s->n = n;
    next(s);
}

void cv_give_snapshot(struct cv *cv, struct cv_command *cmd, const char *reply)
{
    struct cv_query q = {.kind = CV_Q_SESSION, .id = cmd->actor.session, .limit = 20};
    struct snapshot *s = cv->tasks < CV_TASKS_MAX ? tl_alloc(1, sizeof *s) : NULL;

    if (!s) {
        cv_refuse(cv, reply, 503, "too much under way");
        return;
    }
    cv->tasks++;
    s->cv = cv;
    s->viewer = cmd->actor.role;
    s->pieces = TL_BUF(TL_PB_MAX);
    (void)tl_str_put(s->reply, sizeof s->reply, tl_str(reply ? reply : ""));
    if (s->viewer != CV_CUSTOMER) {
        q.kind = CV_Q_AGENT;
        q.id = cmd->actor.agent;
    }
    if (cv->store->ops->list(cv->store, &q, listed, s))
        end(s, "the store is away");
}
