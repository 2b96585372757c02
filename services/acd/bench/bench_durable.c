/*
 * Facts that are committed: core, messages, one script call per batch to a real Redis, events in
 * the outbox.  Beside it, in the same run, what Redis does at most: pipelined HSET, and a bare
 * EVALSHA of ZPOPMIN + HSET + ZADD, pipelined in the same way.
 *
 * last line: key=value figures
 */
#include "../../kit/tests/server.h"

#include <batch.h>
#include <lab/crowd.h>
#include <time.h>
#include <tl_mem.h>
#include <wire.h>

struct bench {
    struct tl_loop *loop;
    struct tl_redis *redis;
    struct store *store;
    struct crowd *crowd;
    struct acd *acd;
    struct rng dice;
    struct batch batches[2], *open; /* one is filled while the other is under way */
    unsigned which;
    bool flying;
    tl_time sent;
    tl_dur took;
    size_t n_events; /* of the batch under way */
    struct tl_buf scratch;
    uint64_t epoch, number, seq, facts;
    tl_time now;
    uint32_t comes, agents;
    uint32_t *busy;
    uint32_t offer_agent[65536];
    uint64_t offer_no[65536];
    uint32_t head, tail;
    bool committed;
    int err;
    struct tl_id boot;
};

static struct wire_scene scene(const struct bench *b)
{
    return (struct wire_scene){.acd = b->acd, .epoch = b->epoch, .partition = "p0", .now = b->now};
}

static void hear(void *arg, const struct acd_decision *d)
{
    struct bench *b = arg;
    struct tl_id id = tl_id_new(), key;
    const struct wire_meta m = {.event_id = id.s, .boot = b->boot.s, .seq = ++b->seq, .at = b->now};
    struct wire_scene s = scene(b);
    const char *name;

    if (d->kind == ACD_FORGET) {
        batch_add(b->open, PIECE_FORGET, tl_id_str(&d->contact->id), NULL, 0);
        return;
    }
    if (d->kind == ACD_OFFER) {
        b->offer_agent[b->tail & 65535] = d->agent_at;
        b->offer_no[b->tail++ & 65535] = d->offer;
    } else if (d->kind == ACD_CONNECT) {
        b->busy[d->agent_at] = (uint32_t)strtoul(d->contact->id.s + 1, NULL, 10);
    }
    tl_buf_clear(&b->scratch);
    if (wire_event(&s, d, &m, &b->scratch, &name, &key) == 0)
        batch_add(b->open, PIECE_EVENT, TL_STR("e"), b->scratch.p, b->scratch.n);
    tl_buf_clear(&b->scratch);
    if (d->agent && wire_push(&s, d, &b->scratch) == 0)
        batch_add(b->open, PIECE_PUSH, tl_id_str(&d->agent->id), b->scratch.p, b->scratch.n);
}

static void store_contact(void *arg, const struct acd_contact *c)
{
    struct bench *b = arg;
    struct wire_scene s = scene(b);

    tl_buf_clear(&b->scratch);
    if (wire_store_contact(&s, c, &b->scratch) == 0)
        batch_add(b->open, PIECE_CONTACT, tl_id_str(&c->id), b->scratch.p, b->scratch.n);
}

static void store_agent(void *arg, const struct acd_agent *a)
{
    struct bench *b = arg;

    tl_buf_clear(&b->scratch);
    if (wire_store_agent(a, &b->scratch) == 0)
        batch_add(b->open, PIECE_AGENT, tl_id_str(&a->id), b->scratch.p, b->scratch.n);
}

static void step(struct bench *b, const struct acd_fact *f)
{
    enum acd_outcome out;

    b->now += 20;
    if (acd_step(b->acd, f, b->now, &out) || out != ACD_OK) {
        fprintf(stderr, "%s: %s\n", acd_fact_name(f->kind), acd_outcome_name(out));
        exit(1);
    }
    b->facts++;
}

static void comes(struct bench *b)
{
    char id[32];
    int n = snprintf(id, sizeof(id), "c%u", b->comes++);

    step(b, &(struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                               .contact = {id, (size_t)n},
                               .thread = TL_STR("01ARZ3NDEKTSV4RRFFQ69G5FAT"),
                               .queue = rng_below(&b->dice, 50),
                               .attempt = b->comes,
                               .channel = ACD_VIDEO});
}

static void round_of(struct bench *b)
{
    uint32_t agent = rng_below(&b->dice, b->agents);
    char id[32];

    comes(b);
    if (b->busy[agent] != UINT32_MAX) {
        struct tl_str c = {id, (size_t)snprintf(id, sizeof(id), "c%u", b->busy[agent])};
        b->busy[agent] = UINT32_MAX;
        step(b, &(struct acd_fact){.kind = ACD_CONTACT_RELEASED, .contact = c});
        step(b, &(struct acd_fact){.kind = ACD_WRAP_UP_DONE, .contact = c});
    }
    if (b->head != b->tail) {
        uint32_t i = b->head++ & 65535;
        step(b, &(struct acd_fact){.kind = ACD_OFFER_ACCEPTED,
                                   .agent = tl_str(crowd_agent(b->crowd, b->offer_agent[i])),
                                   .offer = b->offer_no[i]});
    }
}

static void committed(void *arg, int err)
{
    struct bench *b = arg;

    b->committed = true;
    b->err = err;
    tl_loop_stop(b->loop);
}

/* Until the commit under way is done. */
static void wait_for_commit(struct bench *b)
{
    char entry[44];
    struct tl_str name = {entry, 0};

    while (b->flying && !b->committed)
        (void)tl_loop_run(b->loop); /* asleep: the processor belongs to Redis */
    if (!b->flying)
        return;
    if (b->err) {
        fprintf(stderr, "commit: %d\n", b->err);
        exit(1);
    }
    b->flying = false;
    b->took = tl_clock_mono() - b->sent;
    batch_clear(&b->batches[b->which ^ 1]);
    for (size_t i = 0; i < b->n_events; i += STORE_ENTRY_EVENTS) { /* as if JetStream had them */
        store_entry(entry, b->epoch, b->number, i);
        name.n = strlen(entry);
        b->store->ops->published(b->store, &name, 1);
    }
}

/* Sends what is open; the next batch may be filled while it is under way. */
static void start_commit(struct bench *b)
{
    struct store_batch sb;

    acd_take_changed(b->acd, store_contact, store_agent, b);
    wait_for_commit(b);
    b->open->number = ++b->number;
    if (b->open->err || batch_for_store(b->open, b->epoch, &sb))
        exit(1);
    b->n_events = b->open->count[PIECE_EVENT];
    b->which ^= 1;
    b->open = &b->batches[b->which];
    b->committed = false;
    b->flying = true;
    b->sent = tl_clock_mono();
    b->store->ops->commit(b->store, &sb, committed, b);
    (void)tl_loop_turn(b->loop);
}

/* Returns how long it took [us]. */
static tl_dur commit(struct bench *b)
{
    start_commit(b);
    wait_for_commit(b);
    return b->took;
}

static void own_row(void *arg, char kind, struct tl_str key, struct tl_str value)
{
    TL_UNUSED(arg), TL_UNUSED(kind), TL_UNUSED(key), TL_UNUSED(value);
}

static void owned(void *arg, int err, uint64_t epoch)
{
    struct bench *b = arg;

    b->epoch = epoch;
    committed(arg, err);
}

static void open_all(struct bench *b, struct server *server)
{
    char url[64], port[16];

    server_prepare(server);
    (void)snprintf(port, sizeof(port), "%d", server->port);
    (void)snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server->port);
    const char *argv[] = {"redis-server", "--port",       port, "--bind",
                          "127.0.0.1",    "--save",       "",   "--dir",
                          server->dir,    "--appendonly", "no", NULL};
    memcpy(server->argv, argv, sizeof(argv));
    server_start(server);
    const struct tl_redis_opts opts = {.url = url, .timeout = TL_SEC(10), .in_flight_max = 1000000};
    if (tl_loop_new(&b->loop) || tl_redis_open(&b->redis, b->loop, &opts) ||
        store_redis_open(&b->store, b->loop, b->redis, "p0") ||
        crowd_new(&b->crowd, &(struct crowd_opts){.queues = 50,
                                                  .skills = 200,
                                                  .agents = b->agents,
                                                  .skills_per_agent = 20,
                                                  .queues_per_agent = 5,
                                                  .seed = 7}) ||
        acd_new(&b->acd, crowd_policy(b->crowd), 0, hear, b))
        exit(1);
    while (!tl_redis_ready(b->redis))
        (void)tl_loop_turn(b->loop);
    b->store->ops->own(
        b->store,
        &(struct store_claim){.instance = "bench", .lease = TL_SEC(600), .empty_too = true},
        own_row, owned, b);
    while (!b->committed)
        (void)tl_loop_turn(b->loop);
}

/* ---- the peers: what Redis does at most ---- */

static unsigned answers;

static void on_answer(void *arg, int err, redisReply *r)
{
    TL_UNUSED(arg), TL_UNUSED(r);
    answers += err == 0;
}

static double hset_rate(struct bench *b, unsigned n)
{
    char id[32], value[129];
    tl_time began = tl_clock_mono();
    unsigned sent = 0;

    memset(value, 'x', 128);
    value[128] = '\0';
    answers = 0;
    while (answers < n) {
        while (sent < n && sent - answers < 512) {
            (void)snprintf(id, sizeof(id), "k%u", sent % 10000);
            if (tl_redis_cmd(b->redis, on_answer, NULL, "HSET peer %s %b", id, value, (size_t)128))
                exit(1);
            sent++;
        }
        (void)tl_loop_turn(b->loop);
    }
    return n / ((double)(tl_clock_mono() - began) / 1e6);
}

static double eval_rate(struct bench *b, unsigned n)
{
    static struct tl_script script = {.text =
                                          "local a = redis.call('ZPOPMIN', KEYS[1]) "
                                          "redis.call('HSET', KEYS[2], a[1], ARGV[1]) "
                                          "redis.call('ZADD', KEYS[1], ARGV[2], a[1]) return a[1]"};
    char id[32], value[129];
    unsigned sent = 0;
    tl_time began;

    memset(value, 'x', 128);
    value[128] = '\0';
    answers = 0;
    for (unsigned i = 0; i < 1000; i++)
        if (tl_redis_cmd(b->redis, on_answer, NULL, "ZADD idle %d a%d", i, i))
            exit(1);
    while (answers < 1000)
        (void)tl_loop_turn(b->loop);
    answers = 0;
    began = tl_clock_mono();
    while (answers < n) {
        while (sent < n && sent - answers < 512) {
            const char *argv[] = {"idle", "peer2", value, id};
            size_t len[] = {4, 5, 128, 0};
            len[3] = (size_t)snprintf(id, sizeof(id), "%u", 1000 + sent);
            if (tl_redis_eval(b->redis, &script, on_answer, NULL, 2, 4, argv, len))
                exit(1);
            sent++;
        }
        (void)tl_loop_turn(b->loop);
    }
    return n / ((double)(tl_clock_mono() - began) / 1e6);
}

static int by_time(const void *a, const void *b)
{
    tl_dur x = *(const tl_dur *)a, y = *(const tl_dur *)b;

    return x < y ? -1 : x > y;
}

int main(void)
{
    static struct bench b = {.agents = 1000, .now = TL_SEC(1700000000)};
    static tl_dur took[4000];
    struct server server;
    unsigned n = 0;
    double seconds, rate, hset = 0, eval = 0, durable = 0;

    b.dice = rng_seed(3);
    b.boot = tl_id_new();
    batch_init(&b.batches[0]);
    batch_init(&b.batches[1]);
    b.open = &b.batches[0];
    b.scratch = TL_BUF(1 << 20);
    b.busy = malloc(b.agents * sizeof(*b.busy));
    if (!b.busy)
        return 1;
    memset(b.busy, 0xff, b.agents * sizeof(*b.busy));
    open_all(&b, &server);
    for (unsigned i = 0; i < 10000; i++) {
        comes(&b);
        if (i % 500 == 499)
            (void)commit(&b);
    }
    for (unsigned i = 0; i < b.agents; i++)
        step(&b,
             &(struct acd_fact){.kind = ACD_AGENT_READY, .agent = tl_str(crowd_agent(b.crowd, i))});
    (void)commit(&b);
    /* alternately, best of each: other work on the machine only ever takes away */
    for (int pair = 0; pair < 5; pair++) {
        double x = hset_rate(&b, 100000), y = eval_rate(&b, 50000);
        uint64_t facts = b.facts;
        tl_time began = tl_clock_mono();
        while (b.facts - facts < 200000) {
            for (int i = 0; i < 200; i++) {
                round_of(&b);
                if (i % 25 == 0)
                    (void)tl_loop_turn(b.loop);
            }
            start_commit(&b);
        }
        wait_for_commit(&b);
        seconds = (double)(tl_clock_mono() - began) / 1e6;
        rate = (double)(b.facts - facts) / seconds;
        hset = x > hset ? x : hset;
        eval = y > eval ? y : eval;
        durable = rate > durable ? rate : durable;
    }
    /* half that rate: a commit whenever the last is done, with what came meanwhile */
    tl_time began = tl_clock_mono();
    uint64_t facts = b.facts;
    while (n < TL_LEN(took) && tl_clock_mono() - began < TL_SEC(5)) {
        double due = durable / 2 * (double)(tl_clock_mono() - began) / 1e6;
        for (int i = 0; i < 25 && (double)(b.facts - facts) < due; i++)
            round_of(&b);
        if (b.flying && b.committed) {
            wait_for_commit(&b);
            took[n++] = b.took;
        }
        if (!b.flying && b.open->n_pieces)
            start_commit(&b);
        (void)tl_loop_turn(b.loop);
    }
    wait_for_commit(&b);
    qsort(took, n, sizeof(took[0]), by_time);
    printf("durable: %.0f facts/s, one script call per batch of about 700 facts\n", durable);
    printf("peers:   pipelined HSET %.0f/s, pipelined EVALSHA of ZPOPMIN+HSET+ZADD %.0f/s\n", hset,
           eval);
    printf("commit at half that rate: p50 %.2f ms, p99 %.2f ms (%u commits)\n",
           (double)took[n / 2] / 1000, (double)took[n * 99 / 100] / 1000, n);
    printf("durable_facts_per_s=%.0f durable_ratio_to_hset=%.3f durable_ratio_to_evalsha=%.3f "
           "commit_p50_ms=%.2f commit_p99_ms=%.2f\n",
           durable, durable / hset, durable / eval, (double)took[n / 2] / 1000,
           (double)took[n * 99 / 100] / 1000);
    acd_free(b.acd);
    crowd_free(b.crowd);
    b.store->ops->close(b.store);
    tl_redis_close(b.redis);
    tl_loop_free(b.loop);
    batch_done(&b.batches[0]);
    batch_done(&b.batches[1]);
    tl_buf_done(&b.scratch);
    free(b.busy);
    server_done(&server);
    return 0;
}
