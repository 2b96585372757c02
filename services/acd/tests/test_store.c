/* What a store promises, asked of memory and of a real Redis. */
#include "../../kit/tests/server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <adapters/store.h>
#include <tl_mem.h>

struct world {
    struct tl_loop *loop;
    struct server server;
    struct tl_redis *redis;
    struct store *store;
    int answers, err;
    bool patient; /* claims only a store that knows of an owner */
    uint64_t epoch;
    char rows[512];
    size_t n_rows;
};

static void done(void *arg, int err)
{
    struct world *w = arg;

    w->err = err;
    w->answers++;
}

static void owned(void *arg, int err, uint64_t epoch)
{
    struct world *w = arg;

    w->epoch = err ? w->epoch : epoch;
    done(arg, err);
}

static void row(void *arg, char kind, struct tl_str key, struct tl_str value)
{
    struct world *w = arg;

    w->n_rows += (size_t)snprintf(w->rows + w->n_rows, sizeof(w->rows) - w->n_rows, "%c %.*s=%.*s;",
                                  kind, kind == 'e' ? 1 : (int)key.n, kind == 'e' ? "-" : key.s,
                                  (int)value.n, value.s);
}

static int wait_for_answer(struct world *w)
{
    int n = 0;

    while (!w->answers && n++ < 5000) {
        (void)tl_loop_turn(w->loop);
        if (!w->answers)
            usleep(500);
    }
    assert_int_equal(w->answers, 1);
    w->answers = 0;
    return w->err;
}

static int own(struct world *w, const char *who, uint64_t at_least)
{
    w->n_rows = 0;
    w->rows[0] = '\0';
    w->store->ops->own(
        w->store,
        &(struct store_claim){
            .instance = who, .lease = TL_SEC(5), .at_least = at_least, .empty_too = !w->patient},
        row, owned, w);
    return wait_for_answer(w);
}

static int commit(struct world *w, const struct store_batch *b)
{
    w->store->ops->commit(w->store, b, done, w);
    return wait_for_answer(w);
}

static void one_owner_at_a_time(void **state)
{
    struct world *w = *state;
    uint64_t first;

    assert_int_equal(own(w, "one", 0), 0);
    first = w->epoch;
    assert_true(first > 0);
    assert_int_equal(own(w, "two", 0), -EBUSY);
    assert_int_equal(own(w, "one", 0), 0); /* again is allowed, and raises the epoch */
    assert_true(w->epoch > first);
    w->store->ops->keep(w->store, "one", TL_SEC(5), done, w);
    assert_int_equal(wait_for_answer(w), 0);
    w->store->ops->keep(w->store, "two", TL_SEC(5), done, w);
    assert_int_equal(wait_for_answer(w), -ESTALE);
    w->store->ops->leave(w->store, "one", done, w);
    assert_int_equal(wait_for_answer(w), 0);
    assert_int_equal(own(w, "two", w->epoch + 10), 0);
    assert_true(w->epoch > first + 10);
}

static void a_commit_is_found_again(void **state)
{
    struct world *w = *state;
    const struct tl_str contacts[] = {TL_STR("c1"), TL_STR("one"), TL_STR("c2"), TL_STR("two")};
    const struct tl_str agents[] = {TL_STR("a1"), TL_STR("here")};
    const struct tl_str events[] = {TL_STR("first"), TL_STR("second")};
    const struct tl_str gone[] = {TL_STR("c1")};
    char entry[44];
    struct tl_str published = {entry, 0};

    assert_int_equal(own(w, "one", 0), 0);
    const struct store_batch b = {.epoch = w->epoch,
                                  .number = 1,
                                  .n_contacts = 2,
                                  .contacts = contacts,
                                  .n_agents = 1,
                                  .agents = agents,
                                  .n_events = 2,
                                  .events = events};
    assert_int_equal(commit(w, &b), 0);
    store_entry(entry, w->epoch, 1, 0);
    published.n = strlen(entry);
    assert_int_equal(own(w, "one", 0), 0);
    assert_string_equal(w->rows, "a a1=here;c c1=one;c c2=two;e -=first;e -=second;");
    w->store->ops->published(w->store, &published, 1);
    const struct store_batch less = {
        .epoch = w->epoch, .number = 1, .n_forget = 1, .forget = gone, .n_gone = 1, .gone = agents};
    assert_int_equal(commit(w, &less), 0);
    assert_int_equal(own(w, "one", 0), 0);
    assert_string_equal(w->rows, "c c2=two;");
}

static void the_same_batch_counts_once_and_an_old_epoch_never(void **state)
{
    struct world *w = *state;
    const struct tl_str one[] = {TL_STR("c1"), TL_STR("one")};
    const struct tl_str two[] = {TL_STR("c1"), TL_STR("two")};
    struct store_batch b = {.number = 1, .n_contacts = 1, .contacts = one};

    assert_int_equal(own(w, "one", 0), 0);
    b.epoch = w->epoch;
    assert_int_equal(commit(w, &b), 0);
    b.contacts = two; /* a repeat is not looked at */
    assert_int_equal(commit(w, &b), 0);
    b.epoch--;
    b.number = 9;
    assert_int_equal(commit(w, &b), -ESTALE);
    assert_int_equal(own(w, "one", 0), 0);
    assert_string_equal(w->rows, "c c1=one;");
}

static void flush(struct world *w)
{
    if (!w->redis) {
        store_memory_flush(w->store);
        return;
    }
    assert_int_equal(tl_redis_cmd(w->redis, NULL, NULL, "FLUSHALL"), 0);
}

static void a_flushed_store_says_so(void **state)
{
    struct world *w = *state;
    struct store_batch b = {.number = 1};

    assert_int_equal(own(w, "one", 0), 0);
    b.epoch = w->epoch;
    flush(w);
    assert_int_equal(commit(w, &b), -ENODATA);
    w->store->ops->keep(w->store, "one", TL_SEC(5), done, w);
    assert_int_equal(wait_for_answer(w), -ENODATA);
    assert_int_equal(own(w, "one", w->epoch), 0);
    assert_true(w->epoch > b.epoch);
}

static void a_standby_leaves_an_emptied_store_to_its_owner(void **state)
{
    struct world *w = *state;

    w->patient = true;
    assert_int_equal(own(w, "two", 0), -ENODATA); /* nobody has ever owned it */
    w->patient = false;
    assert_int_equal(own(w, "one", 0), 0);
    flush(w);
    w->patient = true;
    assert_int_equal(own(w, "two", w->epoch), -ENODATA);
    w->patient = false;
    assert_int_equal(own(w, "one", w->epoch), 0);
    w->patient = true;
    assert_int_equal(own(w, "two", w->epoch), -EBUSY);
}

static void many_rows_go_through(void **state)
{
    struct world *w = *state;
    static char names[10000][16];
    static struct tl_str contacts[20000];
    struct store_batch b = {.number = 1, .n_contacts = 10000, .contacts = contacts};

    for (int i = 0; i < 10000; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "c%d", i);
        contacts[2 * i] = contacts[2 * i + 1] = tl_str(names[i]);
    }
    assert_int_equal(own(w, "one", 0), 0);
    b.epoch = w->epoch;
    assert_int_equal(commit(w, &b), 0);
    b = (struct store_batch){.epoch = w->epoch, .number = 2, .n_forget = 20000, .forget = contacts};
    assert_int_equal(commit(w, &b), 0);
    assert_int_equal(own(w, "one", 0), 0);
    assert_string_equal(w->rows, "");
}

static int with_memory(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    *state = w;
    return tl_loop_new(&w->loop) || store_memory_open(&w->store, w->loop);
}

static int with_redis(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char url[64], port[16];
    int up = 0;

    *state = w;
    if (!program_there("redis-server"))
        return -1;
    server_prepare(&w->server);
    (void)snprintf(port, sizeof(port), "%d", w->server.port);
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d", w->server.port);
    const char *argv[] = {"redis-server", "--port",       port, "--bind",
                          "127.0.0.1",    "--save",       "",   "--dir",
                          w->server.dir,  "--appendonly", "no", NULL};
    memcpy(w->server.argv, argv, sizeof(argv));
    server_start(&w->server);
    if (tl_loop_new(&w->loop) ||
        tl_redis_open(&w->redis, w->loop,
                      &(struct tl_redis_opts){.url = url, .timeout = TL_SEC(3)}) ||
        store_redis_open(&w->store, w->loop, w->redis, "p0"))
        return -1;
    for (int i = 0; i < 5000 && !tl_redis_ready(w->redis); i++) {
        (void)tl_loop_turn(w->loop);
        usleep(500);
    }
    TL_UNUSED(up);
    return tl_redis_ready(w->redis) ? 0 : -1;
}

static int end(void **state)
{
    struct world *w = *state;

    w->store->ops->close(w->store);
    if (w->redis) {
        tl_redis_close(w->redis);
        server_done(&w->server);
    }
    tl_loop_free(w->loop);
    free(w);
    return 0;
}

#define ASK(test)                                      \
    {#test " (memory)", test, with_memory, end, NULL}, \
    {                                                  \
#test " (redis)", test, with_redis, end, NULL  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ASK(one_owner_at_a_time),
        ASK(a_commit_is_found_again),
        ASK(the_same_batch_counts_once_and_an_old_epoch_never),
        ASK(a_flushed_store_says_so),
        ASK(a_standby_leaves_an_emptied_store_to_its_owner),
        ASK(many_rows_go_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
