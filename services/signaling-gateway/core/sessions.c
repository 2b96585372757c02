/*
 * Three ways to the same sessions: a map by id, two lines (soonest deadline first), and each
 * agent's own list.  A session is in the line of those that are away exactly while it has no
 * socket, and a customer's is in the line of those that are here while it has one; so the first of
 * each line is all that a tick has to look at.  A message only notes its time: who has spoken since
 * goes to the end of the line when its turn comes.
 */
#include "core/sessions_private.h"
#include <tl_mem.h>

#define LOOKS 6 /* at one who is here, within the time that makes it quiet */

int sessions_new(struct sessions **ret, tl_dur grace, tl_dur idle, uint64_t seed, void *owner)
{
    struct sessions *s = tl_alloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->by_id = TL_MAP(seed);
    s->agents = TL_MAP(seed);
    tl_list_init(&s->away);
    tl_list_init(&s->here);
    tl_list_init(&s->watchers);
    s->grace = grace;
    s->idle = idle;
    s->owner = owner;
    *ret = s;
    return 0;
}

struct sessions *sessions_free(struct sessions *s)
{
    struct tl_entry *e, *next;

    if (!s)
        return NULL;
    for (e = tl_map_next(&s->by_id, NULL); e; e = next) {
        next = tl_map_next(&s->by_id, e);
        tl_map_remove(&s->by_id, e);
        tl_free(TL_CONTAINER(e, struct session, entry));
    }
    for (e = tl_map_next(&s->agents, NULL); e; e = next) {
        next = tl_map_next(&s->agents, e);
        tl_map_remove(&s->agents, e);
        tl_free(TL_CONTAINER(e, struct agent, entry));
    }
    tl_map_done(&s->by_id);
    tl_map_done(&s->agents);
    return tl_free(s);
}

void *sessions_owner(const struct sessions *s)
{
    return s->owner;
}

/* ---- the lines ------------------------------------------------------------------------------ */

/* Into the line of those who are away, by deadline; nearly always at its end. */
static void away_join(struct sessions *s, struct session *x, tl_time since, tl_time deadline)
{
    struct tl_link *at = &s->away.head;

    x->since = since;
    x->deadline = deadline;
    while (at->prev != &s->away.head &&
           TL_CONTAINER(at->prev, struct session, line)->deadline > deadline)
        at = at->prev;
    tl_list_insert_before(&s->away, at, &x->line);
}

/* Into the line of those who are here, for the next look: at its end. */
static void here_join(struct sessions *s, struct session *x, tl_time now)
{
    if (!s->idle || x->role != ROLE_CUSTOMER)
        return;
    x->deadline = now + s->idle / LOOKS;
    tl_list_append(&s->here, &x->line);
}

/* Before the socket changes. */
static void line_leave(struct sessions *s, struct session *x)
{
    if (tl_link_used(&x->line))
        tl_list_remove(x->socket ? &s->here : &s->away, &x->line);
}

/* ---- the steps ------------------------------------------------------------------------------ */

static struct sessions_decision *decide(struct sessions_decisions *ret,
                                        enum sessions_decision_kind kind, struct session *x)
{
    struct sessions_decision *d = &ret->d[ret->n++];

    *d = (struct sessions_decision){.kind = kind, .session = x};
    session_who(x, &d->who);
    return d;
}

static void drop_socket(struct session *x, struct sessions_decisions *ret)
{
    struct sessions_decision *d;

    session_watch(x, false);
    if (!x->socket)
        return;
    d = decide(ret, SESSION_DROP_SOCKET, x);
    d->socket = x->socket;
    x->socket = NULL;
}

/* The session is over.  tell: others must learn it (not when it lives on at another gateway). */
static void end(struct sessions *s, struct session *x, const char *cause, bool tell,
                struct sessions_decisions *ret)
{
    struct agent *a = x->agent;
    struct sessions_decision *d;
    size_t first = ret->n;

    line_leave(s, x);
    drop_socket(x, ret);
    pairs_let_go(&x->pairs);
    tl_map_remove(&s->by_id, &x->entry);
    if (a)
        tl_list_remove(&a->sessions, &x->of_agent);
    if (tell && a && a->sessions.n == 0)
        decide(ret, AGENT_SIGN_OUT, x)->cause = cause;
    d = decide(ret, tell ? SESSION_END : SESSION_FORGET, x);
    d->cause = cause;
    d->user = x->user;
    if (a && a->sessions.n == 0) {
        pairs_let_go(&a->pairs);
        tl_map_remove(&s->agents, &a->entry);
        tl_free(a);
    }
    for (size_t i = first; i < ret->n; i++)
        ret->d[i].session = NULL;
    tl_free(x);
}

/* Make a session that we do not have yet; without a socket and in no line. */
static int add(struct sessions *s, const struct who *w, bool known, struct session **ret_x,
               struct sessions_decisions *ret)
{
    struct session *x = session_new(s, w);
    struct agent *a = NULL;
    bool new_agent = false;

    if (!x || tl_map_add(&s->by_id, &x->entry, tl_str(x->text)))
        goto no_memory;
    if (w->role == ROLE_AGENT) {
        a = sessions_agent(s, tl_id_str(&w->subject));
        new_agent = !a;
        if (!a)
            a = agent_new(s, &w->subject);
        if (!a) {
            tl_map_remove(&s->by_id, &x->entry);
            goto no_memory;
        }
        x->agent = a;
        tl_list_append(&a->sessions, &x->of_agent);
        if (a->sessions.n > AGENT_SESSIONS_MAX)
            end(s, TL_CONTAINER(tl_list_first(&a->sessions), struct session, of_agent),
                "superseded", true, ret);
    }
    if (new_agent)
        decide(ret, AGENT_SIGN_IN, x)->resumed = known;
    *ret_x = x;
    return 0;

no_memory:
    tl_free(x);
    return -ENOMEM;
}

static int opened(struct sessions *s, const struct sessions_fact *f, tl_time now,
                  struct sessions_decisions *ret)
{
    struct session *x = sessions_find(s, tl_id_str(&f->who->session));
    struct sessions_decision *d;
    bool resumed = f->known || x;
    tl_dur away = x && !x->socket ? now - x->since : 0;

    if (x && x->socket == f->socket)
        return 0;
    if (x) {
        line_leave(s, x);
        drop_socket(x, ret);
    } else {
        int err = add(s, f->who, f->known, &x, ret);
        if (err)
            return err;
    }
    x->socket = f->socket;
    x->since = now;
    here_join(s, x, now);
    d = decide(ret, SESSION_GREET, x);
    d->socket = f->socket;
    d->resumed = resumed;
    d->away = away;
    return 0;
}

static void closed(struct sessions *s, struct session *x, const struct sessions_fact *f,
                   tl_time now, struct sessions_decisions *ret)
{
    if (!x || !x->socket || x->socket != f->socket)
        return;
    line_leave(s, x);
    x->socket = NULL;
    session_watch(x, false);
    if (f->bye) {
        end(s, x, f->idle ? "idle" : "closed", true, ret);
        return;
    }
    away_join(s, x, now, now + s->grace);
    decide(ret, SESSION_WAIT, x);
}

static int adopted(struct sessions *s, const struct sessions_fact *f, tl_time now,
                   struct sessions_decisions *ret)
{
    struct session *x = sessions_find(s, tl_id_str(&f->who->session));
    tl_dur away = TL_LOWER(TL_HIGHER(f->away, 0), s->grace);
    int err;

    if (x)
        return 0; /* it came back by itself */
    err = add(s, f->who, f->known, &x, ret);
    if (err)
        return err;
    away_join(s, x, now - away, now - away + s->grace);
    decide(ret, SESSION_WAIT, x);
    return 0;
}

static struct session *first_of(const struct tl_list *line)
{
    struct tl_link *first = tl_list_first(line);

    return first ? TL_CONTAINER(first, struct session, line) : NULL;
}

static void tick(struct sessions *s, tl_time now, struct sessions_decisions *ret)
{
    struct session *away = first_of(&s->away), *here = first_of(&s->here);

    if (away && away->deadline <= now)
        end(s, away, "lost", true, ret);
    if (here && here->deadline <= now) {
        line_leave(s, here);
        here_join(s, here, now);
        if (session_quiet(here, now) >= s->idle)
            decide(ret, SESSION_QUIET, here)->socket = here->socket;
    }
}

int sessions_step(struct sessions *s, const struct sessions_fact *fact, tl_time now,
                  struct sessions_decisions *ret)
{
    struct session *x;

    ret->n = 0;
    switch (fact->kind) {
    case SESSION_OPENED: return opened(s, fact, now, ret);
    case SESSION_CLOSED: closed(s, sessions_find(s, fact->session), fact, now, ret); return 0;
    case SESSION_ADOPTED: return adopted(s, fact, now, ret);
    case SESSION_TAKEN:
        x = sessions_find(s, fact->session);
        if (x)
            end(s, x, "superseded", false, ret);
        return 0;
    case SESSION_TICK: tick(s, now, ret); return 0;
    }
    return 0;
}

tl_time sessions_next_wake(const struct sessions *s)
{
    const struct session *away = first_of(&s->away), *here = first_of(&s->here);

    return TL_LOWER(away ? away->deadline : TL_NEVER, here ? here->deadline : TL_NEVER);
}

size_t sessions_count(const struct sessions *s)
{
    return s->by_id.n;
}

size_t sessions_away(const struct sessions *s)
{
    return s->away.n;
}

static struct session *of_entry(struct tl_entry *e)
{
    return e ? TL_CONTAINER(e, struct session, entry) : NULL;
}

struct session *sessions_find(const struct sessions *s, struct tl_str id)
{
    return of_entry(tl_map_find(&s->by_id, id));
}

struct session *sessions_next(const struct sessions *s, const struct session *prev)
{
    return of_entry(tl_map_next(&s->by_id, prev ? &prev->entry : NULL));
}

struct session *sessions_next_watcher(const struct sessions *s, const struct session *prev)
{
    struct tl_link *k =
        prev ? tl_list_next(&s->watchers, &prev->watch) : tl_list_first(&s->watchers);

    return k ? TL_CONTAINER(k, struct session, watch) : NULL;
}

struct agent *sessions_agent(const struct sessions *s, struct tl_str id)
{
    struct tl_entry *e = tl_map_find(&s->agents, id);

    return e ? TL_CONTAINER(e, struct agent, entry) : NULL;
}

struct agent *sessions_next_agent(const struct sessions *s, const struct agent *prev)
{
    struct tl_entry *e = tl_map_next(&s->agents, prev ? &prev->entry : NULL);

    return e ? TL_CONTAINER(e, struct agent, entry) : NULL;
}

size_t sessions_agent_count(const struct sessions *s)
{
    return s->agents.n;
}
