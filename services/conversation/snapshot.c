/* What a (re)connecting client needs: its contacts, for agents their cards, and the transcripts. */
#include "handlers.h"

#include <tl_mem.h>
#include <tl_pb.h>

struct snapshot {
    struct conversation *conv;
    char reply[REPLY_MAX];
    enum contact_role viewer;
    struct contact *rows;
    int n, at;
    struct tl_buf pieces;
};

static void next(struct snapshot *s);

static void end(struct snapshot *s, const char *why)
{
    struct tl_buf m = TL_BUF(TL_PB_MAX);
    int side = s->viewer == ROLE_CUSTOMER ? 0 : 1;

    if (!why && wire_snapshot(tl_buf_str(&s->pieces), &m))
        why = "snapshot is too large";
    if (why)
        refuse_command(s->conv, s->reply, 503, why);
    else
        (void)tl_bus_reply(s->conv->bus, s->reply, m.p, m.n); /* the client asks again */
    for (int i = 0; !why && i < s->n; i++) { /* who lost the connection needs a new ticket */
        if (s->rows[i].cobrowse_active)
            work_regrant(s->conv, &s->rows[i], side);
    }
    s->conv->tasks--;
    tl_buf_done(&m);
    tl_buf_done(&s->pieces);
    tl_free(s->rows);
    tl_free(s);
}

static void transcript(void *arg, int err, const struct contact_message *rows, int n)
{
    struct snapshot *s = arg;

    for (int i = 0; !err && i < n; i++)
        err = wire_snapshot_message(&rows[i], &s->pieces);
    s->at++;
    if (err)
        end(s, "the store is away");
    else
        next(s);
}

static void ask_transcript(struct snapshot *s)
{
    if (s->conv->store->ops->messages(s->conv->store, &s->rows[s->at].id, NULL, transcript, s))
        end(s, "the store is away");
}

static void card(void *arg, int err, const struct contact_history *history)
{
    struct snapshot *s = arg;
    struct contact_card k = {.contact = &s->rows[s->at], .history = *history};

    if (err || wire_snapshot_card(&k, &s->pieces))
        end(s, "the store is away");
    else
        ask_transcript(s);
}

static void next(struct snapshot *s)
{
    const struct contact *c = &s->rows[s->at];

    if (s->at >= s->n) {
        end(s, NULL);
    } else if (wire_snapshot_state(c, s->viewer, &s->pieces)) {
        end(s, "out of memory");
    } else if (s->viewer == ROLE_CUSTOMER) {
        ask_transcript(s);
    } else if (s->conv->store->ops->card(s->conv->store, c, card, s)) {
        end(s, "the store is away");
    }
}

static void listed(void *arg, int err, const struct contact *rows, int n)
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

void give_snapshot(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct store_query q = {.kind = QUERY_SESSION, .id = cmd->actor.session, .limit = 20};
    struct snapshot *s = conv->tasks < TASKS_MAX ? tl_alloc(1, sizeof *s) : NULL;

    if (!s) {
        refuse_command(conv, reply, 503, "too much under way");
        return;
    }
    conv->tasks++;
    s->conv = conv;
    s->viewer = cmd->actor.role;
    s->pieces = TL_BUF(TL_PB_MAX);
    (void)tl_str_put(s->reply, sizeof s->reply, tl_str(reply ? reply : ""));
    if (s->viewer != ROLE_CUSTOMER) {
        q.kind = QUERY_AGENT;
        q.id = cmd->actor.agent;
    }
    if (conv->store->ops->list(conv->store, &q, listed, s))
        end(s, "the store is away");
}
