/* What a (re)connecting client needs: its contacts, for agents their cards, and the transcripts.
 *
 * It always fits into the one frame that the gateway sends: each contact has its share of the room,
 * and where that is too small for everything, the card has less of the past and the transcript only
 * its newest lines.  Else a customer who writes a lot could lock an agent out.
 */
#include "handlers.h"

#include <tl_mem.h>
#include <tl_pb.h>

#define ROOM_MAX (160 * 1024) /* six bytes of JSON for each of the worst still fit into 1 MiB */

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

/** What the contact at hand may still use, so that as much is left for each behind it. */
static size_t share(const struct snapshot *s)
{
    return s->pieces.n < ROOM_MAX ? (ROOM_MAX - s->pieces.n) / (size_t)(s->n - s->at) : 0;
}

/** Where the newest lines that fit begin; n: none does.  Or -ENOMEM. */
static int first_that_fits(const struct contact_message *rows, int n, size_t room)
{
    struct tl_buf line = TL_BUF(64 * 1024);
    int err = 0;

    while (n > 0) {
        tl_buf_clear(&line);
        err = wire_snapshot_message(&rows[n - 1], &line);
        if (err || line.n > room)
            break;
        room -= line.n;
        n--;
    }
    tl_buf_done(&line);
    return err ? err : n;
}

static void transcript(void *arg, int err, const struct contact_message *rows, int n)
{
    struct snapshot *s = arg;
    int first = err ? err : first_that_fits(rows, n, share(s));

    err = first < 0 ? first : 0;
    for (int i = first; !err && i < n; i++)
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

/** With less and less of the past, until it takes no more than half of the contact's share. */
static int add_card(struct snapshot *s, const struct contact_history *history)
{
    struct contact_card k = {.contact = &s->rows[s->at], .history = *history};
    struct tl_buf card = TL_BUF(share(s) / 2);
    int err = wire_snapshot_card(&k, &card);

    for (int less = 0; err == -EMSGSIZE && less < 3; less++) {
        if (less == 0)
            k.history.n_lines = 0;
        else if (less == 1)
            k.history.n_earlier = 0;
        else
            k.history.visit = (struct tl_str){0};
        tl_buf_clear(&card);
        err = wire_snapshot_card(&k, &card);
    }
    if (!err)
        err = tl_buf_add(&s->pieces, card.p, card.n);
    tl_buf_done(&card);
    return err == -EMSGSIZE ? 0 : err; /* the call itself matters more than its card */
}

static void card(void *arg, int err, const struct contact_history *history)
{
    struct snapshot *s = arg;

    if (err || add_card(s, history))
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
