#include "core/reconcile.h"

#include <stdlib.h>

struct round {
    struct reconcile_views *v;
    void (*each)(void *arg, const struct reconcile_repair *repair);
    void *arg;
};

static int by_ours(const void *a, const void *b)
{
    return strcmp(((const struct reconcile_ours *)a)->id.s,
                  ((const struct reconcile_ours *)b)->id.s);
}

static int by_place(const void *a, const void *b)
{
    const struct reconcile_ours *x = a, *y = b;

    if (x->enqueued_at != y->enqueued_at)
        return x->enqueued_at < y->enqueued_at ? -1 : 1;
    return by_ours(a, b);
}

static int by_missed(const void *a, const void *b)
{
    return strcmp(((const struct reconcile_missed *)a)->contact.s,
                  ((const struct reconcile_missed *)b)->contact.s);
}

static int by_seen(const void *a, const void *b)
{
    return strcmp(((const struct reconcile_seen *)a)->contact.s,
                  ((const struct reconcile_seen *)b)->contact.s);
}

static int find_seen(const void *key, const void *row)
{
    return strcmp(key, ((const struct reconcile_seen *)row)->contact.s);
}

static int find_ours(const void *key, const void *row)
{
    return strcmp(key, ((const struct reconcile_ours *)row)->id.s);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct tl_id *)a)->s, ((const struct tl_id *)b)->s);
}

static int find_missed(const void *key, const void *row)
{
    return strcmp(key, ((const struct reconcile_missed *)row)->contact.s);
}

static const struct reconcile_seen *find(const struct reconcile_seen *rows, size_t n,
                                         const struct tl_id *id)
{
    return n ? bsearch(id->s, rows, n, sizeof *rows, find_seen) : NULL;
}

static bool is(const struct reconcile_seen *row, const char *state)
{
    return row && strcmp(row->state, state) == 0;
}

static void mend(const struct round *r, const struct tl_id *contact, int64_t version,
                 struct contact_fact fact)
{
    struct reconcile_repair repair = {.contact = *contact, .version = version, .fact = fact};

    r->each(r->arg, &repair);
}

static void in_line(const struct round *r, const struct reconcile_ours *o,
                    const struct reconcile_seen *acd)
{
    struct contact_fact f = {0};

    if (!acd) {
        f = (struct contact_fact){
            .kind = FACT_MENDED, .work = WORK_ENQUEUE, .repair = "lost_by_acd"};
    } else if (is(acd, "connected") && !tl_id_empty(&acd->agent)) {
        f = (struct contact_fact){.kind = FACT_ACCEPTED,
                                  .agent = acd->agent,
                                  .offer = acd->offer,
                                  .repair = "accept_missed"};
    } else if (is(acd, "offered") && o->phase == PHASE_WAITING) {
        f = (struct contact_fact){.kind = FACT_OFFERED,
                                  .agent = acd->agent,
                                  .offer = acd->offer,
                                  .until = r->v->asked_at + TL_SEC(20),
                                  .repair = "offer_missed"};
    } else if (is(acd, "waiting") && o->phase == PHASE_RINGING) {
        f = (struct contact_fact){.kind = FACT_OFFER_OVER, .repair = "ring_over"};
    } else {
        return;
    }
    mend(r, &o->id, o->version, f);
}

static void wrapping(const struct round *r, const struct reconcile_ours *o,
                     const struct reconcile_seen *acd)
{
    if (is(acd, "connected"))
        mend(r, &o->id, o->version,
             (struct contact_fact){
                 .kind = FACT_MENDED, .work = WORK_RELEASE, .repair = "release_missed"});
    else if (!acd)
        mend(r, &o->id, o->version,
             (struct contact_fact){.kind = FACT_WRAP_UP_TIMEOUT, .repair = "wrap_up_over"});
}

/** Is still on the way to an ACD that has lost everything.  Who cannot be on the way, because media
 * is away, is not awaited by the others. */
static bool is_awaited(const struct round *r, const struct reconcile_ours *o)
{
    return o->phase >= PHASE_ROUTED && o->phase <= PHASE_RINGING &&
           o->enqueued_at < r->v->gathering && !(o->owed & WORK_PREPARE) &&
           !find(r->v->acd, r->v->n_acd, &o->id);
}

static void with_acd(const struct round *r, const struct reconcile_ours *o)
{
    const struct reconcile_seen *acd = find(r->v->acd, r->v->n_acd, &o->id);

    if (acd && r->v->asked_at - acd->since < RECONCILE_SETTLED)
        return;
    switch (o->phase) {
    case PHASE_WAITING:
    case PHASE_RINGING:
        if (!(o->owed & WORK_ENQUEUE))
            in_line(r, o, acd);
        break;
    case PHASE_CONNECTED:
    case PHASE_HELD:
        if (is(acd, "connected") && !tl_id_empty(&acd->agent) && !tl_id_eq(&acd->agent, &o->agent))
            mend(r, &o->id, o->version,
                 (struct contact_fact){.kind = FACT_ACCEPTED,
                                       .agent = acd->agent,
                                       .offer = acd->offer,
                                       .repair = "accept_missed"});
        break;
    case PHASE_WRAP_UP:
        if (!(o->owed & WORK_RELEASE))
            wrapping(r, o, acd);
        break;
    default: break;
    }
}

static void with_media(const struct round *r, const struct reconcile_ours *o)
{
    const struct reconcile_seen *m = find(r->v->media, r->v->n_media, &o->id);
    bool talking = o->phase == PHASE_CONNECTED || o->phase == PHASE_HELD;
    bool in_queue = o->phase == PHASE_WAITING || o->phase == PHASE_RINGING;
    unsigned work = 0;

    if (!o->audio || (o->owed & (WORK_PREPARE | WORK_CONNECT)))
        return;
    if (talking && (!m || !tl_id_eq(&m->agent, &o->agent)))
        work = WORK_CONNECT | (m ? 0 : WORK_PREPARE);
    else if (in_queue && !m)
        work = WORK_PREPARE;
    if (work)
        mend(r, &o->id, o->version,
             (struct contact_fact){.kind = FACT_MENDED, .work = work, .repair = "lost_by_media"});
}

bool reconcile_asks_session(const struct reconcile_ours *o, tl_time asked_at)
{
    return o->phase >= PHASE_WAITING && o->phase <= PHASE_HELD && !tl_id_empty(&o->session) &&
           asked_at - o->requested_at > RECONCILE_SESSION_SETTLED;
}

/** True: the customer is gone for good, and nothing else about the contact matters. */
static bool without_session(const struct round *r, const struct reconcile_ours *o)
{
    struct reconcile_views *v = r->v;
    const struct reconcile_missed *before;
    struct reconcile_missed *now;

    if (!v->n_unknown || !reconcile_asks_session(o, v->asked_at) ||
        !bsearch(&o->session, v->unknown, v->n_unknown, sizeof *v->unknown, by_id))
        return false;
    before = v->n_before ? bsearch(o->id.s, v->before, v->n_before, sizeof *v->before, find_missed)
                         : NULL;
    now = &v->missed[v->n_missed++];
    *now = (struct reconcile_missed){.contact = o->id, .rounds = before ? before->rounds + 1 : 1};
    if (now->rounds < RECONCILE_SESSION_MISSED)
        return false;
    mend(r, &o->id, 0,
         (struct contact_fact){
             .kind = FACT_CUSTOMER_LOST, .cause = "session_unknown", .repair = "session_unknown"});
    return true;
}

/** What the others hold on to although it is over for us.  Contacts that we never had stay alone:
 * stepping such a fact finds no contact. */
static void strays(const struct round *r)
{
    const struct reconcile_views *v = r->v;

    for (size_t i = 0; v->acd_known && i < v->n_acd; i++) {
        const struct reconcile_seen *row = &v->acd[i];
        struct contact_fact f = {
            .kind = FACT_MENDED, .agent = row->agent, .repair = "stray_in_acd"};

        if (v->asked_at - row->since < RECONCILE_SETTLED ||
            (v->n_ours && bsearch(row->contact.s, v->ours, v->n_ours, sizeof *v->ours, find_ours)))
            continue;
        f.work = is(row, "wrapping") ? WORK_FINISH : WORK_DEQUEUE;
        mend(r, &row->contact, 0, f);
    }
    for (size_t i = 0; v->media_known && i < v->n_media; i++) {
        const struct reconcile_seen *row = &v->media[i];

        if (v->n_ours && bsearch(row->contact.s, v->ours, v->n_ours, sizeof *v->ours, find_ours))
            continue;
        mend(r, &row->contact, 0,
             (struct contact_fact){
                 .kind = FACT_MENDED, .work = WORK_HANG_UP, .repair = "stray_in_media"});
    }
}

void reconcile_compare(struct reconcile_views *v,
                       void (*each)(void *arg, const struct reconcile_repair *repair), void *arg)
{
    struct round r = {.v = v, .each = each, .arg = arg};

    if (v->n_ours)
        qsort(v->ours, v->n_ours, sizeof *v->ours, by_place);
    if (v->n_acd)
        qsort(v->acd, v->n_acd, sizeof *v->acd, by_seen);
    if (v->n_media)
        qsort(v->media, v->n_media, sizeof *v->media, by_seen);
    if (v->n_unknown)
        qsort(v->unknown, v->n_unknown, sizeof *v->unknown, by_id);
    v->n_missed = 0;
    v->gathered = v->acd_known && v->gathering;
    for (size_t i = 0; i < v->n_ours; i++) {
        const struct reconcile_ours *o = &v->ours[i];

        if (is_awaited(&r, o))
            v->gathered = false;
        if (o->owed || v->recovery)
            each(arg, &(struct reconcile_repair){
                          .contact = o->id, .fact.kind = FACT_MENDED, .tell = v->recovery});
        if (v->sessions_known && without_session(&r, o))
            continue;
        if (v->asked_at - o->since < RECONCILE_SETTLED)
            continue;
        if (v->acd_known)
            with_acd(&r, o);
        if (v->media_known)
            with_media(&r, o);
    }
    if (v->n_missed)
        qsort(v->missed, v->n_missed, sizeof *v->missed, by_missed);
    if (v->n_ours) /* for the others, who have names only */
        qsort(v->ours, v->n_ours, sizeof *v->ours, by_ours);
    strays(&r);
}
