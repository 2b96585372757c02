/*
 * A session that is over must be known to be over: conversation ends or re-queues its contacts, the
 * ACD sends no more offers.  Each is asked again every second until it has answered; only then is
 * the record forgotten, so a gateway that dies in between leaves a record that the next one adopts.
 */
#include "gateway.h"
#include <tl_mem.h>

struct farewell {
    struct tl_link link;
    struct gateway *g;
    struct who who;
    const char *cause;
    bool tell_conversation, tell_acd; /* still to be told */
    int asked;                        /* answers under way */
};

static void done_or_later(struct farewell *f)
{
    struct gateway *g = f->g;

    if (f->asked || f->tell_conversation || f->tell_acd)
        return;
    (void)g->o.store->ops->forget(g->o.store, tl_id_str(&f->who.session)); /* else adopted again */
    tl_list_remove(&g->farewells, &f->link);
    tl_free(f);
}

/* A refusal is an answer too (they know nothing of it), unless the service says that it is unwell.
 */
static bool heard(const struct tl_reply *r)
{
    return !r->err || (r->err == -EREMOTEIO && r->code < 500);
}

/* Counts the answer; false when the gateway is over, and with its last answer f is too. */
static bool back(struct farewell *f)
{
    f->asked--;
    if (gateway_hears(f->g))
        return true;
    if (!f->asked)
        tl_free(f);
    return false;
}

static void on_conversation(void *arg, const struct tl_reply *r)
{
    struct farewell *f = arg;

    if (!back(f))
        return;
    if (heard(r))
        f->tell_conversation = false;
    done_or_later(f);
}

static void on_acd(void *arg, const struct tl_reply *r)
{
    struct farewell *f = arg;

    if (!back(f))
        return;
    if (heard(r))
        f->tell_acd = false;
    done_or_later(f);
}

static void request(struct farewell *f, const char *subject, tl_reply_fn *fn)
{
    struct gateway *g = f->g;

    if (tl_bus_request(g->o.bus, subject, g->request.p, g->request.n, 0, 3, fn, f))
        return; /* the next beat asks again */
    gateway_asks(g);
    f->asked++;
}

static void ask(struct farewell *f)
{
    struct gateway *g = f->g;

    if (f->tell_acd && sessions_agent(g->sessions, tl_id_str(&f->who.subject)))
        f->tell_acd = false; /* signed in again meanwhile: not offline any more */
    if (f->tell_acd) {
        tl_buf_clear(&g->request);
        if (!wire_set_agent(&f->who, false, true, f->cause, &g->request))
            request(f, "tl.cmd.acd.p0.set_agent_state", on_acd);
    }
    if (f->tell_conversation) {
        tl_buf_clear(&g->request);
        if (!wire_session_lost(&f->who, f->cause, &g->request))
            request(f, "tl.cmd.conversation.session_lost", on_conversation);
    }
}

int farewell_say(struct gateway *g, const struct who *who, const char *cause, bool to_acd)
{
    struct farewell *f = tl_alloc(1, sizeof(*f));

    if (!f)
        return -ENOMEM;
    *f = (struct farewell){
        .g = g, .who = *who, .cause = cause, .tell_conversation = true, .tell_acd = to_acd};
    tl_list_append(&g->farewells, &f->link);
    ask(f);
    return 0;
}

void farewell_retry(struct gateway *g)
{
    tl_list_for_each (&g->farewells, k) {
        struct farewell *f = TL_CONTAINER(k, struct farewell, link);

        if (!f->asked) {
            ask(f);
            done_or_later(f);
        }
    }
}

void farewell_free_all(struct gateway *g)
{
    tl_list_for_each (&g->farewells, k) {
        struct farewell *f = TL_CONTAINER(k, struct farewell, link);

        tl_list_remove(&g->farewells, k);
        if (!f->asked) /* else its last answer frees it */
            tl_free(f);
    }
}
