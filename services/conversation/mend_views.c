/* A round: the ACD, media-relay, our own store and the gateways are asked in turn, page by page,
 * and what they believe is compared.
 */
#include "mend_in.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_mem.h>

#define PAGE 500

void forget_missed(struct mend *m)
{
    m->missed = tl_free(m->missed);
    m->n_missed = 0;
}

static void compare(struct mend *m)
{
    struct reconcile_views *v = &m->views;

    if (v->sessions_known && v->n_unknown) {
        v->missed = tl_alloc(v->n_ours, sizeof *v->missed);
        v->sessions_known = v->missed != NULL;
    }
    v->before = m->missed;
    v->n_before = m->n_missed;
    v->recovery = m->recovery;
    m->recovery = false;
    reconcile_compare(v, note_repair, m);
    if (v->sessions_known) {
        forget_missed(m);
        m->missed = v->missed;
        m->n_missed = v->n_missed;
        v->missed = NULL;
    }
    m->comparing = false;
    go_on(m);
}

static void ask_sessions(struct mend *m);

static void sessions_answered(void *arg, const struct tl_reply *r)
{
    struct mend *m = arg;
    struct reconcile_views *v = &m->views;

    v->sessions_known = !r->err && wire_unknown(r->data, r->n, &v->unknown, &v->n_unknown) == 0;
    if (v->sessions_known)
        ask_sessions(m);
    else
        compare(m);
}

/** The next of them, until all have been asked about; then the comparison. */
static void ask_sessions(struct mend *m)
{
    const struct tl_id *sessions[WIRE_SESSIONS_MAX];
    const struct reconcile_views *v = &m->views;
    struct tl_buf req = TL_BUF(64 * WIRE_SESSIONS_MAX);
    size_t n = 0;
    int err;

    for (; m->asked < v->n_ours && n < WIRE_SESSIONS_MAX; m->asked++)
        if (reconcile_asks_session(&v->ours[m->asked], v->asked_at))
            sessions[n++] = &v->ours[m->asked].session;
    if (!n) {
        compare(m);
        return;
    }
    err = wire_list_unknown(sessions, n, &req);
    if (!err)
        err = tl_bus_request(m->conv->bus, "tl.cmd.signaling.list_unknown", req.p, req.n, 0, 0,
                             sessions_answered, m);
    if (err)
        sessions_answered(m, &(struct tl_reply){.err = err});
    tl_buf_done(&req);
}

static void read_ours(struct mend *m);

static void ours(void *arg, int err, const struct contact *rows, int n)
{
    struct mend *m = arg;
    struct reconcile_views *v = &m->views;
    struct reconcile_ours *p =
        err ? NULL : tl_resize(v->ours, v->n_ours + (size_t)n + 1, sizeof *p);

    if (!p) {
        if (v->gathering)
            mend_soon(m->conv);
        end_round(m);
        return;
    }
    v->ours = p;
    for (int i = 0; i < n; i++) {
        const struct contact *c = &rows[i];

        v->ours[v->n_ours++] = (struct reconcile_ours){.id = c->id,
                                                       .agent = c->agent,
                                                       .session = c->session,
                                                       .version = c->version,
                                                       .phase = c->phase,
                                                       .owed = c->owed,
                                                       .audio = contact_has_audio(c),
                                                       .since = c->since,
                                                       .requested_at = c->requested_at,
                                                       .enqueued_at = c->enqueued_at};
        wait_note(m->conv, c);
    }
    if (n == PAGE) {
        m->after = rows[n - 1].id;
        read_ours(m);
        return;
    }
    m->asked = 0;
    v->sessions_known = !m->hurried;
    if (v->sessions_known)
        ask_sessions(m);
    else
        compare(m);
}

static void read_ours(struct mend *m)
{
    struct store_query q = {.kind = QUERY_OPEN, .id = m->after, .limit = PAGE};

    if (m->conv->store->ops->list(m->conv->store, &q, ours, m))
        end_round(m);
}

static void media_answered(void *arg, const struct tl_reply *r)
{
    struct mend *m = arg;
    struct reconcile_views *v = &m->views;

    v->media_known = !r->err && wire_media_rows(r->data, r->n, &v->media, &v->n_media) == 0;
    m->after = (struct tl_id){0};
    read_ours(m);
}

static void ask_media(struct mend *m)
{
    char subject[100];

    (void)snprintf(subject, sizeof subject, "tl.cmd.media.%s.list_contacts", m->conv->opts.media);
    if (tl_bus_request(m->conv->bus, subject, "", 0, 0, 0, media_answered, m))
        media_answered(m, &(struct tl_reply){.err = -EAGAIN});
}

static void ask_acd(struct mend *m);

static void acd_answered(void *arg, const struct tl_reply *r)
{
    struct mend *m = arg;
    struct reconcile_views *v = &m->views;
    size_t before = v->n_acd;
    uint64_t epoch = v->acd_epoch;

    v->acd_known = !r->err && wire_acd_rows(r->data, r->n, v) == 0 &&
                   (!before || v->acd_epoch == epoch); /* else half of it is of another owner */
    if (v->acd_known && v->n_acd - before == 1000) {
        m->after = v->acd[v->n_acd - 1].contact;
        ask_acd(m);
        return;
    }
    ask_media(m);
}

static void ask_acd(struct mend *m)
{
    struct tl_buf req = TL_BUF(1024);
    int err = wire_acd_list(&m->after, &req);

    if (!err)
        err = tl_bus_request(m->conv->bus, "tl.cmd.acd.p0.list_contacts", req.p, req.n, 0, 0,
                             acd_answered, m);
    if (err)
        acd_answered(m, &(struct tl_reply){.err = err});
    tl_buf_done(&req);
}

void begin_round(struct mend *m, bool hurried)
{
    if (m->busy)
        return;
    m->busy = m->comparing = true;
    m->hurried = hurried;
    m->after = (struct tl_id){0};
    m->views.asked_at = tl_clock_wall();
    ask_acd(m);
}
