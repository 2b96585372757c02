/*
 * What is known of one session, and of one agent.  A session's texts lie behind it in one block:
 * ten thousand idle sessions should cost little.
 */
#include "core/sessions_private.h"
#include <tl_mem.h>

#define SUBJECT_AT 27 /* a session id is a ULID: 26 and a NUL */

struct session *session_new(struct sessions *home, const struct who *w)
{
    size_t subject = strlen(w->subject.s) + 1, customer = strlen(w->customer.s) + 1;
    size_t name = strlen(w->name) + 1, tier = strlen(w->tier) + 1;
    struct session *x = tl_alloc(1, sizeof(*x) + SUBJECT_AT + subject + customer + name + tier);

    if (!x)
        return NULL;
    x->home = home;
    x->role = (uint8_t)w->role;
    x->customer = (uint8_t)(SUBJECT_AT + subject);
    x->name = (uint8_t)(x->customer + customer);
    x->tier = (uint8_t)(x->name + name);
    tl_str_put(x->text, SUBJECT_AT, tl_id_str(&w->session));
    memcpy(x->text + SUBJECT_AT, w->subject.s, subject);
    memcpy(x->text + x->customer, w->customer.s, customer);
    memcpy(x->text + x->name, w->name, name);
    memcpy(x->text + x->tier, w->tier, tier);
    return x;
}

_Static_assert(SUBJECT_AT + 2 * (TL_ID_MAX + 1) + WHO_NAME_MAX <= UINT8_MAX,
               "offsets of a session's texts fit a byte");

struct sessions *session_home(const struct session *x)
{
    return x->home;
}

struct tl_str session_id(const struct session *x)
{
    return tl_str(x->text);
}

enum role session_role(const struct session *x)
{
    return (enum role)x->role;
}

struct agent *session_agent(const struct session *x)
{
    return x->agent;
}

void session_who(const struct session *x, struct who *ret)
{
    *ret = (struct who){.role = (enum role)x->role};
    tl_str_put(ret->session.s, sizeof(ret->session.s), tl_str(x->text));
    tl_str_put(ret->subject.s, sizeof(ret->subject.s), tl_str(x->text + SUBJECT_AT));
    tl_str_put(ret->customer.s, sizeof(ret->customer.s), tl_str(x->text + x->customer));
    tl_str_put(ret->name, sizeof(ret->name), tl_str(x->text + x->name));
    tl_str_put(ret->tier, sizeof(ret->tier), tl_str(x->text + x->tier));
}

void *session_socket(const struct session *x)
{
    return x->socket;
}

void *session_user(const struct session *x)
{
    return x->user;
}

void session_set_user(struct session *x, void *user)
{
    x->user = user;
}

struct pair **session_pairs(struct session *x)
{
    return &x->pairs;
}

struct pair **agent_pairs(struct agent *a)
{
    return &a->pairs;
}

unsigned session_asking(const struct session *x)
{
    return x->asking;
}

void session_asks(struct session *x)
{
    x->asking++;
}

void session_answered(struct session *x)
{
    x->asking -= x->asking > 0;
}

uint8_t session_round(const struct session *x)
{
    return x->round;
}

void session_set_round(struct session *x, uint8_t round)
{
    x->round = round;
}

void session_watch(struct session *x, bool on)
{
    if (on && !tl_link_used(&x->watch))
        tl_list_append(&x->home->watchers, &x->watch);
    else if (!on && tl_link_used(&x->watch))
        tl_list_remove(&x->home->watchers, &x->watch);
}

void session_said(struct session *x, tl_time now)
{
    if (x->socket)
        x->since = now;
}

tl_dur session_quiet(const struct session *x, tl_time now)
{
    return now - x->since;
}

/* ---- agents --------------------------------------------------------------------------------- */

struct agent *agent_new(struct sessions *s, const struct tl_id *id)
{
    struct agent *a = tl_alloc(1, sizeof(*a));

    if (!a)
        return NULL;
    tl_list_init(&a->sessions);
    memcpy(a->id, id->s, sizeof(a->id));
    if (tl_map_add(&s->agents, &a->entry, tl_str(a->id)))
        return tl_free(a);
    return a;
}

struct tl_str agent_id(const struct agent *a)
{
    return tl_str(a->id);
}

struct session *agent_next_session(const struct agent *a, const struct session *prev)
{
    struct tl_link *k =
        prev ? tl_list_next(&a->sessions, &prev->of_agent) : tl_list_first(&a->sessions);

    return k ? TL_CONTAINER(k, struct session, of_agent) : NULL;
}

struct session *agent_newest_session(const struct agent *a)
{
    return TL_CONTAINER(a->sessions.head.prev, struct session, of_agent);
}

void agent_wants(struct agent *a, bool ready, struct tl_str reason)
{
    a->ready = ready;
    tl_str_put(a->reason, sizeof(a->reason), reason);
}

bool agent_ready(const struct agent *a)
{
    return a->ready;
}

const char *agent_reason(const struct agent *a)
{
    return a->reason;
}
