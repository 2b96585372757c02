/* A new contact: asked before? which thread? what was the visit? then one commit, and only after it
 * the answer "accepted". */
#include "handlers.h"

#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define VISIT_BUDGET TL_MSEC(300) /* the contact goes on without */

struct opening {
    struct conversation *conv;
    char reply[REPLY_MAX];
    struct contact c;
    struct contact_decision d;
    struct thread thread; /**< to open */
    bool opens;
    struct tl_id link[THREADS_MAX];
    int n_link;
    struct tl_buf visit;
    tl_time at;
    bool second_look; /**< the commit found that it exists */
    int tries;
};

static void end(struct opening *o)
{
    o->conv->tasks--;
    tl_buf_done(&o->visit);
    tl_free(o);
}

static void refuse(struct opening *o, int code, const char *reason)
{
    refuse_command(o->conv, o->reply, code, reason);
    end(o);
}

static void accept(struct opening *o, const struct contact *c)
{
    struct tl_buf m = TL_BUF(4096);

    if (wire_accepted(c, &m) == 0)
        (void)tl_bus_reply(o->conv->bus, o->reply, m.p, m.n); /* who asked will ask again */
    tl_buf_done(&m);
}

/* ---- the commit ------------------------------------------------------------------------- */

static void look(struct opening *o);

static void stored(void *arg, int err)
{
    struct opening *o = arg;
    struct conversation *conv = o->conv;

    if (err == -EEXIST && !o->second_look) {
        o->second_look = true; /* the same request twice at once, or another live contact */
        look(o);
        return;
    }
    if (err == -EAGAIN && conv->store->ops->ready(conv->store) && ++o->tries < 4) {
        o->n_link = 0;
        look(o);
        return;
    }
    if (err) {
        refuse(o, err == -EEXIST ? 409 : 503,
               err == -EEXIST ? "this session has a live contact" : "the store is away");
        return;
    }
    o->c.version = 1;
    tl_info("contact requested", TL_S("contact_id", o->c.id.s), TL_S("thread_id", o->c.thread.s),
            TL_S("section", o->c.section), TL_I("channel", o->c.channel));
    accept(o, &o->c);
    o->d.tell |= TELL_CUSTOMER;
    after_commit(conv, lane_of(conv, &o->c.id), &o->c, &o->d);
    end(o);
}

static void commit(struct opening *o)
{
    struct store_change ch = {.contact = &o->c,
                              .open = o->opens ? &o->thread : NULL,
                              .link = o->link,
                              .n_link = o->n_link,
                              .visit = tl_buf_str(&o->visit)};

    if (commit_change(o->conv, &ch, &o->c, &o->d, o->at, stored, o))
        refuse(o, 503, "the store is away");
}

/* ---- what the visit was ----------------------------------------------------------------- */

static void visited(void *arg, const struct tl_reply *r)
{
    struct opening *o = arg;

    tl_buf_clear(&o->visit); /* of a try that lost */
    if (r->err == 0 && wire_visit(r->data, r->n, o->c.name, &o->visit)) {
        tl_bad_input("nats", "answer");
        tl_buf_clear(&o->visit);
    }
    if (r->err && tl_log_allow("no visit"))
        tl_warn("contact goes on without its visit", TL_S("contact_id", o->c.id.s), TL_E(r->err));
    commit(o);
}

static void ask_visit(struct opening *o)
{
    struct tl_buf m = TL_BUF(4096);

    if (tl_id_empty(&o->c.visit) || wire_get_visit(&o->c.visit, &o->c.visitor, &m) ||
        tl_bus_request(o->conv->bus, "tl.cmd.clickstream.get_visit", m.p, m.n, VISIT_BUDGET, 1,
                       visited, o))
        commit(o);
    tl_buf_done(&m);
}

/* ---- which thread ----------------------------------------------------------------------- */

/** The event of the thread comes before that of the contact. */
static void put_first(struct contact_decision *d, enum contact_event_kind kind)
{
    memmove(&d->events[1], &d->events[0], (size_t)d->n_events * sizeof d->events[0]);
    d->events[0] = (struct contact_event){.kind = kind};
    d->n_events++;
}

static void threads_found(void *arg, int err, const struct thread *rows, int n)
{
    struct opening *o = arg;
    struct contact *c = &o->c;
    struct thread_choice choice;

    if (err) {
        refuse(o, 503, "the store is away");
        return;
    }
    threads_choose(rows, n, &c->visitor, &c->customer, &o->conv->rules, o->at, &choice);
    contact_open(c, &o->d, o->at);
    for (int i = 0; i < choice.n_link; i++)
        o->link[o->n_link++] = rows[choice.link[i]].id;
    if (o->n_link)
        put_first(&o->d, EVENT_THREAD_LINKED);
    o->opens = choice.join < 0;
    if (o->opens) {
        c->thread = tl_id_new();
        o->thread = (struct thread){
            .id = c->thread, .visitor = c->visitor, .customer = c->customer, .last_at = o->at};
        put_first(&o->d, EVENT_THREAD_OPENED);
    } else {
        c->thread = rows[choice.join].id;
    }
    ask_visit(o);
}

/* ---- asked before? ---------------------------------------------------------------------- */

static void looked(void *arg, int err, const struct contact *rows, int n)
{
    struct opening *o = arg;
    struct conversation *conv = o->conv;

    if (err) {
        refuse(o, 503, "the store is away");
    } else if (n && tl_id_eq(&rows[0].session, &o->c.session)) {
        accept(o, &rows[0]);
        end(o);
    } else if (n || o->second_look) {
        refuse(o, 409, n ? "request_id is taken" : "this session has a live contact");
    } else if (conv->store->ops->threads(conv->store, &o->c.visitor, &o->c.customer,
                                         o->at - conv->rules.look_back, threads_found, o)) {
        refuse(o, 503, "the store is away");
    }
}

static void look(struct opening *o)
{
    struct store_query q = {.kind = QUERY_REQUEST, .id = o->c.request, .limit = 1};

    if (o->conv->store->ops->list(o->conv->store, &q, looked, o))
        refuse(o, 503, "the store is away");
}

void open_contact(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct opening *o;
    struct contact *c;

    if (cmd->actor.role != ROLE_CUSTOMER) {
        refuse_command(conv, reply, 403, "only a visitor asks for help");
        return;
    }
    o = conv->tasks < TASKS_MAX ? tl_alloc(1, sizeof *o) : NULL;
    if (!o) {
        refuse_command(conv, reply, 503, "too much under way");
        return;
    }
    conv->tasks++;
    o->conv = conv;
    o->at = tl_clock_wall();
    o->visit = TL_BUF(128 * 1024);
    (void)tl_str_put(o->reply, sizeof o->reply, tl_str(reply ? reply : ""));
    c = &o->c;
    c->id = tl_id_new();
    c->request = cmd->request;
    c->channel = (enum contact_channel)cmd->channel;
    c->session = cmd->actor.session;
    c->visitor = cmd->actor.visitor;
    c->customer = cmd->actor.customer;
    c->visit = cmd->visit;
    c->invitation = cmd->invitation;
    c->cobrowse_consent = cmd->cobrowse_consent;
    (void)tl_str_put(c->tier, sizeof c->tier, tl_str(cmd->actor.tier));
    (void)tl_str_put(c->section, sizeof c->section, cmd->section);
    (void)tl_str_put(c->page_url, sizeof c->page_url, cmd->page_url);
    if (contact_has_audio(c))
        (void)tl_str_put(c->media.s, sizeof c->media.s, tl_str(conv->opts.media));
    look(o);
}
