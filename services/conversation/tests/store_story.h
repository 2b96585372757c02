/**
 * @file store_story.h  The language of the store's contract: ask, wait for the answer, look at it.
 * The same stories are told to the store in memory and to PostgreSQL.
 */
#ifndef CONVERSATION_TESTS_STORE_STORY_H
#define CONVERSATION_TESTS_STORE_STORY_H

#include "adapters/store.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_clock.h>
#include <tl_conf.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    struct tl_loop *loop;
    struct store *store;
    bool done;
    int err, n;
    struct contact contacts[20];
    struct thread threads[THREADS_MAX];
    struct contact_message messages[4];
    int n_lines;
    struct earlier_contact earlier[CARD_EARLIER_MAX];
    struct outbox_row outbox[64];
    char visit[64];
};

static struct bench b;
static bool use_pg;

static void wait_done(void)
{
    tl_time end = tl_clock_mono() + TL_SEC(30);

    while (!b.done && tl_clock_mono() < end) {
        (void)tl_loop_turn(b.loop);
        usleep(200);
    }
    assert_true(b.done);
    b.done = false;
}

static void stored(void *arg, int err)
{
    TL_UNUSED(arg);
    b.err = err;
    b.done = true;
}

static void contacts(void *arg, int err, const struct contact *rows, int n)
{
    TL_UNUSED(arg);
    b.n = n;
    for (int i = 0; i < n && i < 20; i++)
        b.contacts[i] = rows[i];
    stored(NULL, err);
}

static void threads(void *arg, int err, const struct thread *rows, int n)
{
    TL_UNUSED(arg);
    b.n = n;
    for (int i = 0; i < n; i++)
        b.threads[i] = rows[i];
    stored(NULL, err);
}

static void messages(void *arg, int err, const struct contact_message *rows, int n)
{
    TL_UNUSED(arg);
    b.n = n;
    for (int i = 0; i < n && i < 4; i++)
        b.messages[i] = rows[i];
    stored(NULL, err);
}

static void card(void *arg, int err, const struct contact_history *h)
{
    TL_UNUSED(arg);
    b.n = h->n_earlier;
    (void)snprintf(b.visit, sizeof b.visit, "%.*s", (int)h->visit.n, h->visit.s ? h->visit.s : "");
    for (int i = 0; i < h->n_earlier; i++)
        b.earlier[i] = h->earlier[i];
    b.n_lines = h->n_lines;
    for (int i = 0; i < h->n_lines && i < 4; i++)
        b.messages[i] = h->lines[i];
    stored(NULL, err);
}

static void outbox(void *arg, int err, const struct outbox_row *rows, int n)
{
    TL_UNUSED(arg);
    b.n = n;
    for (int i = 0; i < n && i < 64; i++)
        b.outbox[i] = rows[i];
    stored(NULL, err);
}

/* ---- asking ----------------------------------------------------------------------------- */

static int commit(const struct store_change *ch)
{
    assert_int_equal(b.store->ops->commit(b.store, ch, stored, NULL), 0);
    wait_done();
    return b.err;
}

static int list(enum store_query_kind kind, const struct tl_id *id, tl_time at)
{
    struct store_query q = {.kind = kind, .id = *id, .at = at, .limit = 20};

    assert_int_equal(b.store->ops->list(b.store, &q, contacts, NULL), 0);
    wait_done();
    assert_int_equal(b.err, 0);
    return b.n;
}

static struct contact contact(void)
{
    struct contact c = {.id = tl_id_new(),
                        .thread = tl_id_new(),
                        .request = tl_id_new(),
                        .session = tl_id_new(),
                        .visitor = tl_id_new(),
                        .channel = CHANNEL_VIDEO,
                        .phase = PHASE_WAITING,
                        .owed = WORK_ENQUEUE,
                        .name = "Ada \"quotes\", commas {and} \\ slashes",
                        .section = "checkout",
                        .page_url = "/shop/checkout?a=ü",
                        .media = {"m1"},
                        .route = {.queue = {"orders"},
                                  .skills = {.n = 2, .at = {{"english"}, {"payments"}}},
                                  .priority = -3},
                        .cobrowse_consent = true,
                        .epoch = 1,
                        .acd_seq = 1u << 31,
                        .requested_at = tl_clock_wall(),
                        .since = 5};

    return c;
}

static struct outgoing_event outgoing(const struct contact *c, const char *payload)
{
    return (struct outgoing_event){.id = tl_id_new(),
                                   .name = "contact_requested",
                                   .thread = c->thread,
                                   .contact = c->id,
                                   .at = 7,
                                   .payload = tl_str(payload)};
}

static int open_contact(const struct contact *c, const struct outgoing_event *events, int n)
{
    const struct thread t = {
        .id = c->thread, .visitor = c->visitor, .customer = c->customer, .last_at = 100};
    const struct store_change ch = {.contact = c,
                                    .open = &t,
                                    .touch = t.id,
                                    .visit = TL_STR("a \"visit\""),
                                    .events = events,
                                    .n_events = n,
                                    .at = 100,
                                    .due = 1000};

    return commit(&ch);
}

/* ---- both stores ------------------------------------------------------------------------ */

static int setup(void **state)
{
    TL_UNUSED(state);
    assert_int_equal(tl_loop_new(&b.loop), 0);
    if (!use_pg)
        return store_memory_open(&b.store, b.loop);

    struct store_pg_opts opts = {.conninfo = getenv("TL_TEST_PG"), .pool = 2};
    struct tl_buf password = TL_BUF(4096);
    tl_time end = tl_clock_mono() + TL_SEC(30);

    if (getenv("TL_TEST_PG_PASSWORD_FILE") &&
        tl_conf_secret(getenv("TL_TEST_PG_PASSWORD_FILE"), &password) == 0)
        opts.password = password.p;
    assert_int_equal(store_pg_open(&b.store, b.loop, &opts), 0);
    tl_buf_done(&password);
    while ((!b.store->ops->ready(b.store) || !b.store->ops->leads(b.store)) &&
           tl_clock_mono() < end) {
        (void)tl_loop_turn(b.loop);
        usleep(200);
    }
    assert_true(b.store->ops->leads(b.store));
    return 0;
}

static int teardown(void **state)
{
    TL_UNUSED(state);
    b.store = store_close(b.store);
    b.loop = tl_loop_free(b.loop);
    return 0;
}

#endif
