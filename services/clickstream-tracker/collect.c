/*
 * One collect request: read it, find out who it is, load the visit (one round trip), step the core,
 * answer with an invitation if a rule fires, and save behind the answer.  Two requests of one
 * visitor may overlap (a page is left while the next one opens): within this process they queue up
 * behind one another, and a save that finds another replica's version applies its facts to that one
 * and tries again, so neither is lost.
 */
#include "tracker.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>

#include "core/browser.h"
#include "wire.h"

#define SAVE_TRIES 5
#define ANSWER_MAX 8192
#define RECORD_MAX (512 * 1024)

struct collect {
    struct clickstream_handlers *h;
    struct tl_entry entry;  /* of at_work, by visitor; only the first in line */
    struct tl_list behind;  /* its later requests */
    struct tl_link in_line; /* of the first one's behind */
    bool at_work;
    struct clickstream_request request;
    struct identity id;
    char browser[48];
    tl_time now;   /* wall clock, when the request came */
    tl_time began; /* monotonic */
    struct clickstream_visit *visit;
    struct clickstream_visitor visitor;
    struct tl_id new_visit; /* the id this request gives to a visit that it has to begin */
    struct tl_id invited;   /* handed out in the answer */
    uint64_t version;
    int tries;
    clickstream_answer_fn *fn; /* NULL: answered */
    void *arg;
};

static void load(struct collect *c);

/* ---- a visitor's line ------------------------------------------------------------------------ */

/* The next request of the same visitor takes over the line and begins. */
static void hand_over(struct collect *c)
{
    struct tl_link *k = tl_list_first(&c->behind);
    struct collect *next = k ? TL_CONTAINER(k, struct collect, in_line) : NULL;

    tl_map_remove(&c->h->at_work, &c->entry);
    if (!next)
        return;
    tl_list_remove(&c->behind, k);
    tl_list_for_each (&c->behind, later) {
        tl_list_remove(&c->behind, later);
        tl_list_append(&next->behind, later);
    }
    /* There is room: one went out just now. */
    next->at_work = !tl_map_add(&c->h->at_work, &next->entry, tl_id_str(&next->id.who.subject));
    load(next);
}

static void collect_free(struct collect *c)
{
    struct clickstream_handlers *h = c->h;

    if (c->at_work)
        hand_over(c);
    clickstream_wire_request_done(&c->request);
    clickstream_visit_free(c->visit);
    tl_free(c);
    tracker_ends(h);
}

static void answer(struct collect *c, const struct clickstream_http_answer *a)
{
    clickstream_answer_fn *fn = c->fn;

    c->fn = NULL;
    tl_metric_observe(c->h->seconds, (double)(tl_clock_mono() - c->began) / 1e6);
    fn(c->arg, a);
}

static void refuse(struct collect *c, int status, const char *title, const char *detail,
                   const char *pointer)
{
    answer(c, &(struct clickstream_http_answer){
                  .status = status, .title = title, .detail = detail, .pointer = pointer});
    collect_free(c);
}

static void unavailable(struct collect *c, int err)
{
    if (tl_log_allow("store"))
        tl_warn("visit store does not answer", TL_E(err));
    refuse(c, 503, "Visits cannot be stored now", NULL, NULL);
}

/* ---- the visit ------------------------------------------------------------------------------ */

static struct clickstream_who who_of(const struct collect *c)
{
    return (struct clickstream_who){.visitor = c->id.who.subject,
                                    .customer = c->id.who.customer,
                                    .name = c->id.who.name,
                                    .tier = c->id.who.tier};
}

static const char *rule_name(const struct clickstream_handlers *h, const struct tl_id *invitation)
{
    for (size_t i = 0; h->rules && i < h->rules->n; i++)
        if (tl_id_eq(&h->rules->rule[i].id, invitation))
            return h->rules->rule[i].name.s;
    return "";
}

static void count(const char *name, const char *label, const char *value)
{
    char labels[96];

    snprintf(labels, sizeof(labels), "%s=\"%s\"", label, value);
    tl_metric_add(tl_counter(name, labels, "since the start"), 1);
}

/* A full queue of events is counted by the kit and seen as a gap; the page is answered all the
 * same. */
static void tell(struct collect *c, const struct clickstream_fact *f)
{
    const char *rule = rule_name(c->h, &f->invitation);

    count("tl_clickstream_events_total", "type", clickstream_wire_type(f->kind));
    if (rule[0] && f->kind >= CLICKSTREAM_INVITATION_SHOWN)
        count("tl_clickstream_invitations_total", "step", clickstream_wire_type(f->kind));
    if (clickstream_wire_emit(c->h->events, c->visit, f, rule, c->now) && tl_log_allow("events"))
        tl_warn("event not queued", TL_T("visit_id", tl_id_str(&c->visit->id)));
}

static int begin_visit(struct collect *c, bool first)
{
    struct clickstream_who who = who_of(c);
    int err;

    c->visit = clickstream_visit_free(c->visit);
    err = clickstream_visit_new(&c->visit, &c->new_visit, &who, c->now);
    if (!err)
        err = clickstream_visit_origin(c->visit, c->request.referrer, c->browser);
    if (!err && first && clickstream_wire_emit_started(c->h->events, c->visit, c->now) &&
        tl_log_allow("events"))
        tl_warn("event not queued", TL_T("visit_id", tl_id_str(&c->visit->id)));
    return err;
}

/* Applies the request to what is stored.  first: also tell the world; a retry tells nothing twice.
 */
static int apply(struct collect *c, const struct clickstream_record *r, bool first)
{
    struct clickstream_who who = who_of(c);
    int err;

    c->version = r->version;
    c->visit = clickstream_visit_free(c->visit);
    err = clickstream_wire_get_visitor(&c->visitor, r->visitor);
    if (!err)
        err = clickstream_wire_get_visit(&c->visit, r->visit);
    if (err == -EBADMSG || err == -EMSGSIZE) {
        tl_bad_input("redis", "record");
        memset(&c->visitor, 0, sizeof(c->visitor));
        err = 0; /* the record is junk: begin anew and write over it */
    }
    if (err)
        return err;
    if (!c->visit || clickstream_visit_over(c->visit, c->now, c->h->set.visit_idle))
        err = begin_visit(c, first);
    else
        clickstream_visit_identify(c->visit, &who);
    for (size_t i = 0; !err && i < c->request.n_facts; i++) {
        err = clickstream_visit_step(c->visit, &c->visitor, &c->request.facts[i], c->now);
        if (!err && first)
            tell(c, &c->request.facts[i]);
    }
    if (!err && !tl_id_empty(&c->invited))
        clickstream_visit_give(c->visit, &c->visitor, &c->invited, c->now);
    return err;
}

static void invite(struct collect *c, struct clickstream_invitation *ret)
{
    *ret = (struct clickstream_invitation){0};
    if (!c->h->rules || !c->request.n_facts)
        return;
    clickstream_rules_match(c->h->rules, c->visit, &c->visitor, &c->h->supply, c->now, ret);
    if (!ret->rule)
        return;
    c->invited = ret->rule->id;
    clickstream_visit_give(c->visit, &c->visitor, &c->invited, c->now);
    count("tl_clickstream_invitations_total", "step", "given");
}

static int answer_well(struct collect *c)
{
    struct tl_buf json = TL_BUF(ANSWER_MAX);
    struct clickstream_answer a = {.visitor_id = c->id.who.subject.s,
                                   .visit_id = c->visit->id.s,
                                   .token = c->id.token[0] ? c->id.token : NULL};
    int err;

    invite(c, &a.invitation);
    err = clickstream_wire_answer(&json, &a);
    if (!err)
        answer(c, &(struct clickstream_http_answer){.status = 200, .json = tl_buf_str(&json)});
    tl_buf_done(&json);
    return err;
}

static void on_saved(void *arg, int err, const struct clickstream_record *r);

static int save(struct collect *c)
{
    struct tl_buf visit = TL_BUF(RECORD_MAX), visitor = TL_BUF(RECORD_MAX);
    struct clickstream_record r = {.version = c->version};
    int err = clickstream_wire_put_visit(&visit, c->visit);

    if (!err)
        err = clickstream_wire_put_visitor(&visitor, &c->visitor);
    if (!err) {
        r.visit = tl_buf_str(&visit);
        r.visitor = tl_buf_str(&visitor);
        c->tries++;
        err = clickstream_store_save(c->h->store, &c->id.who.subject, &r, on_saved, c);
    }
    tl_buf_done(&visit);
    tl_buf_done(&visitor);
    return err;
}

static void lost(struct collect *c, int err)
{
    tl_metric_add(c->h->lost_saves, 1);
    if (tl_log_allow("save"))
        tl_warn("visit not saved, events are on the stream",
                TL_T("visit_id", tl_id_str(&c->visit->id)), TL_E(err));
    collect_free(c);
}

static void on_saved(void *arg, int err, const struct clickstream_record *r)
{
    struct collect *c = arg;

    if (err == -EEXIST) {
        tl_metric_add(c->h->conflicts, 1);
        err = c->h->over ? -ECANCELED : c->tries < SAVE_TRIES ? apply(c, r, false) : -EBUSY;
        if (!err)
            err = save(c);
        if (!err)
            return;
    }
    if (err)
        lost(c, err);
    else
        collect_free(c);
}

static void on_loaded(void *arg, int err, const struct clickstream_record *r)
{
    struct collect *c = arg;

    if (c->h->over)
        err = -ECANCELED;
    if (!err)
        err = apply(c, r, true);
    if (!err)
        err = answer_well(c);
    if (err) {
        unavailable(c, err);
        return;
    }
    err = save(c);
    if (err)
        lost(c, err);
}

/* ---- the doors ------------------------------------------------------------------------------ */

/* "/events/0/url: too long" -> "/events/0/url" and "too long". */
static void refuse_request(struct collect *c, int err, struct tl_buf *why)
{
    char *colon = why->p ? strstr(why->p, ": ") : NULL;
    bool pointer = colon && why->p[0] == '/' && colon > why->p + 1; /* "/": the whole of it */

    tl_bad_input("http", err == -EBADMSG ? "json" : err == -ENOMEM ? "memory" : "schema");
    if (pointer)
        *colon = '\0';
    if (err == -ENOMEM)
        refuse(c, 503, "Out of memory", NULL, NULL);
    else
        refuse(c, err == -EBADMSG ? 400 : 422,
               err == -EBADMSG ? "Not JSON as we read it" : "Does not fit the schema",
               colon ? colon + 2 : why->p, pointer ? why->p : NULL);
}

static void refuse_identity(struct collect *c, int status, const char *pointer)
{
    tl_bad_input("http", status == 401 ? "token" : status == 422 ? "schema" : "memory");
    if (status == 422)
        refuse(c, status, "Does not fit the schema",
               "sub must be 1 to 39 letters, digits and \"-_.\"", pointer);
    else
        refuse(c, status, status == 401 ? "Not a token of ours, or expired" : "Out of memory", NULL,
               pointer);
}

static int collect_new(struct collect **ret, struct clickstream_handlers *h,
                       struct tl_str user_agent, clickstream_answer_fn *fn, void *arg)
{
    struct collect *c = tl_alloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->h = h;
    tl_list_init(&c->behind);
    tracker_begins(h);
    c->fn = fn;
    c->arg = arg;
    c->now = tl_clock_wall();
    c->began = tl_clock_mono();
    c->new_visit = tl_id_new();
    clickstream_browser_name(c->browser, user_agent);
    *ret = c;
    return 0;
}

static void load(struct collect *c)
{
    int err = c->h->over ? -ECANCELED
                         : clickstream_store_load(c->h->store, &c->id.who.subject, on_loaded, c);

    if (err)
        unavailable(c, err);
}

/* One request of a visitor at a time. */
static void line_up(struct collect *c)
{
    struct tl_entry *e = tl_map_find(&c->h->at_work, tl_id_str(&c->id.who.subject));

    if (e) {
        tl_list_append(&TL_CONTAINER(e, struct collect, entry)->behind, &c->in_line);
        return;
    }
    /* Out of memory for the line: the version check of the store keeps order as well. */
    c->at_work = !tl_map_add(&c->h->at_work, &c->entry, tl_id_str(&c->id.who.subject));
    load(c);
}

void clickstream_collect(struct clickstream_handlers *h, struct tl_str body,
                         struct tl_str user_agent, struct tl_str peer, clickstream_answer_fn *fn,
                         void *arg)
{
    struct tl_buf why = TL_BUF(512);
    struct collect *c = NULL;
    const char *pointer;
    int err = collect_new(&c, h, user_agent, fn, arg);

    if (err) {
        fn(arg, &(struct clickstream_http_answer){.status = 503, .title = "Out of memory"});
        return;
    }
    if (!tl_limiter_take(h->by_peer, peer, c->began)) {
        tl_bad_input("http", "rate");
        refuse(c, 429, "Too many requests from this address", NULL, NULL);
        return;
    }
    err = clickstream_wire_request(&c->request, body, &why);
    if (err) {
        refuse_request(c, err, &why);
        tl_buf_done(&why);
        return;
    }
    tl_buf_done(&why);
    err = identity_find(&c->id, &h->set, c->request.token, c->request.claim, c->now, &pointer);
    if (err) {
        refuse_identity(c, err, pointer);
    } else if (!tl_limiter_take(h->by_visitor, tl_id_str(&c->id.who.subject), c->began)) {
        tl_bad_input("http", "rate");
        refuse(c, 429, "Too many requests of this visitor", NULL, NULL);
    } else {
        line_up(c); /* also a new visitor: no token for a visit that cannot be kept */
    }
}
