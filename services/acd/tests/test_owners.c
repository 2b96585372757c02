/* Two owners as processes of their own, on real NATS and Redis: one is stopped for half a minute in
 * the middle of an offer, the other takes over; when the first goes on, nothing it says counts.
 * And Redis goes, with all it knew, between a decision and its ringing.  And an owner is killed:
 * the next one knows who spoke with whom. */
#include "../../kit/tests/server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <sys/mman.h>

#include <handlers.h>
#include <tl_bus.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>
#include <tl_redis.h>
#include <wire_pb.h>

static const char rules[] = "lease: 10m\n"
                            "look_back: 1h\n"
                            "queues:\n"
                            "  - {name: help, wrap_up: 0s, offer_timeout: 5m}\n"
                            "  - {name: late, wrap_up: 0s, offer_timeout: 5m}\n"
                            "  - {name: kin, wrap_up: 0s}\n"
                            "agents: [{id: a1, queues: [help]}, {id: a2, queues: [help]}, "
                            "{id: b1, queues: [late]}, "
                            "{id: k1, queues: [kin]}, {id: k2, queues: [kin]}]\n";

#define STOPPED TL_SEC(30)

static struct server nats, redis;
static char nats_url[64], redis_url[64];

/* Each says in memory of both whether it owns the partition; [0] did when owner_first() said so. */
static struct candidate {
    pid_t pid;
    volatile bool *owns;
} owners[2];

/* ---- a child: the service without its HTTP ---- */

struct child {
    struct handlers *h;
    struct tl_timer *tick;
    volatile bool *owns;
};

static void say_whether(void *arg)
{
    struct child *c = arg;

    *c->owns = handlers_own(c->h);
    tl_timer_start(c->tick, TL_MSEC(10));
}

static void be_owner(const char *name, volatile bool *owns)
{
    static struct child self;
    struct tl_loop *loop = NULL;
    struct tl_bus *bus = NULL;
    struct tl_redis *r = NULL;
    struct handlers *h = NULL;
    struct policy_file *p = NULL;
    struct tl_buf why = TL_BUF(4096);
    struct handlers_opts o = {.instance = name, .policy_path = "-", .lease = TL_MSEC(700)};
    const struct tl_bus_opts bus_opts = {.url = nats_url, .name = name};
    const struct tl_redis_opts redis_opts = {.url = redis_url};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tl_log_setup("acd", TL_ERROR);
    if (tl_loop_new(&loop) || tl_bus_open(&bus, loop, &bus_opts) ||
        tl_redis_open(&r, loop, &redis_opts) || policy_parse(&p, tl_str(rules), "rules", &why) ||
        store_redis_open(&o.store, loop, r, "p0"))
        _exit(1);
    o.loop = loop;
    o.bus = bus;
    o.policy = p;
    if (handlers_new(&h, &o))
        _exit(1);
    self = (struct child){.h = h, .owns = owns};
    if (tl_timer_new(&self.tick, loop, say_whether, &self))
        _exit(1);
    say_whether(&self);
    handlers_start(h);
    (void)tl_loop_run(loop);
    _exit(0);
}

static void start_owner(struct candidate *c, const char *name)
{
    *c->owns = false;
    c->pid = fork();
    if (c->pid == 0)
        be_owner(name, c->owns);
}

/* Whoever of the two was faster. */
static void owner_first(struct tl_loop *loop)
{
    const struct candidate other = owners[0];

    for (int i = 0; i < 1000 && !*owners[0].owns && !*owners[1].owns; i++)
        turn_for(loop, TL_MSEC(10));
    if (!*owners[0].owns) {
        owners[0] = owners[1];
        owners[1] = other;
    }
    assert_true(*owners[0].owns);
}

/* ---- the test's own connection ---- */

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_sub *pushes;
    int replies, code;
    size_t listed;
    int offers;
    uint64_t epoch, lowest_after; /* lowest epoch pushed since `watch` */
    bool watch;
    char offer_id[24], rings[80]; /* the newest offer, and its subject */
};

static void on_push(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Signaling__V1__ServerMessage *s = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, m->data, m->n, &s), 0);
    if (s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER) {
        w->offers++;
        w->epoch = s->offer->epoch;
        if (w->watch && s->offer->epoch < w->lowest_after)
            w->lowest_after = s->offer->epoch;
        (void)tl_str_put(w->offer_id, sizeof(w->offer_id), tl_str(s->offer->offer_id));
        (void)tl_str_put(w->rings, sizeof(w->rings), m->subject);
    }
    tl_pb_free(s);
}

static void on_reply(void *arg, const struct tl_reply *r)
{
    struct world *w = arg;

    w->replies++;
    w->code = r->err == -EREMOTEIO ? r->code : r->err;
}

static void tell(struct world *w, const char *method, const void *message)
{
    struct tl_buf b = TL_BUF(65536);
    char subject[80];

    (void)snprintf(subject, sizeof(subject), "tl.cmd.acd.p0.%s", method);
    assert_int_equal(tl_pb_pack(message, &b), 0);
    w->replies = 0;
    assert_int_equal(
        tl_bus_request(w->bus, subject, b.p ? b.p : "", b.n, TL_MSEC(500), 12, on_reply, w), 0);
    tl_buf_done(&b);
}

static int ask(struct world *w, const char *method, const void *message)
{
    tell(w, method, message);
    assert_true(turn_until(w->loop, &w->replies));
    return w->code;
}

static void tell_ready(struct world *w, const char *agent)
{
    Threadline__Acd__V1__SetAgentStateRequest q =
        THREADLINE__ACD__V1__SET_AGENT_STATE_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = (char *)(uintptr_t)agent;
    q.actor = &a;
    q.ready = true;
    tell(w, "set_agent_state", &q);
}

static int ready(struct world *w, const char *agent)
{
    tell_ready(w, agent);
    assert_true(turn_until(w->loop, &w->replies));
    return w->code;
}

static int enqueue(struct world *w, const char *id, const char *queue)
{
    Threadline__Acd__V1__EnqueueRequest q = THREADLINE__ACD__V1__ENQUEUE_REQUEST__INIT;

    q.contact_id = (char *)(uintptr_t)id;
    q.thread_id = (char *)(uintptr_t)id + 1; /* "aT1" and "bT1" are of one customer */
    q.queue = (char *)(uintptr_t)queue;
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO;
    return ask(w, "enqueue", &q);
}

static int accept_offer(struct world *w, const char *agent, uint64_t epoch)
{
    Threadline__Acd__V1__AcceptRequest q = THREADLINE__ACD__V1__ACCEPT_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = (char *)(uintptr_t)agent;
    q.actor = &a;
    q.offer_id = w->offer_id;
    q.epoch = epoch;
    return ask(w, "accept", &q);
}

/* ---- the race ---- */

static void a_stopped_owner_is_replaced_and_refused_when_it_goes_on(void **state)
{
    struct world *w = *state;
    uint64_t first;
    tl_time began;

    assert_int_equal(ready(w, "a1"), 0);
    assert_int_equal(enqueue(w, "C1", "help"), 0);
    turn_for(w->loop, TL_MSEC(100));
    assert_int_equal(w->offers, 1);
    first = w->epoch;

    owner_first(w->loop);
    kill(owners[0].pid, SIGSTOP);
    began = tl_clock_mono();
    while (w->offers == 1 && tl_clock_mono() - began < TL_SEC(10))
        (void)tl_loop_turn(w->loop);
    assert_true(w->epoch > first); /* the same offer rings again, under the new epoch */
    assert_true(tl_clock_mono() - began < TL_SEC(5));
    assert_int_equal(enqueue(w, "C2", "help"), 0); /* the new owner answers */

    while (tl_clock_mono() - began < STOPPED) { /* asleep: others have the machine */
        (void)tl_loop_turn(w->loop);
        usleep(20000);
    }

    /* The first goes on: requests reached it while it was stopped, and it believes it is the owner.
     */
    w->watch = true;
    w->lowest_after = UINT64_MAX;
    kill(owners[0].pid, SIGCONT);
    turn_for(w->loop, TL_SEC(2));
    assert_int_equal(ready(w, "a2"), 0);
    turn_for(w->loop, TL_MSEC(300));
    assert_true(w->lowest_after > first); /* nothing was offered under the old epoch */
    assert_int_equal(accept_offer(w, "a2", first), 409);
    assert_int_equal(accept_offer(w, "a2", w->epoch), 0);
    assert_int_equal(waitpid(owners[0].pid, NULL, WNOHANG), 0); /* it lives, and stands by */
}

/* How the contact stands now; the answer is stored first, so this also waits for Redis. */
static void on_list(void *arg, const struct tl_reply *r)
{
    struct world *w = arg;
    Threadline__Acd__V1__ListContactsResponse *m = NULL;

    w->replies++;
    if (r->err || TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, r->data, r->n, &m))
        return;
    w->listed = m->n_contacts;
    tl_pb_free(m);
}

static size_t count_contacts(struct world *w)
{
    w->replies = 0;
    w->listed = 0;
    assert_int_equal(
        tl_bus_request(w->bus, "tl.cmd.acd.p0.list_contacts", "", 0, TL_MSEC(500), 6, on_list, w),
        0);
    assert_true(turn_until(w->loop, &w->replies));
    return w->listed;
}

/* The contact is claimed for the agent, but Redis never answers the commit and comes back empty:
 * nothing may ring before that, everybody is still there, and it rings once. */
static void redis_restarts_between_claim_and_ring(void **state)
{
    struct world *w = *state;
    size_t before = count_contacts(w);
    int offers = w->offers;
    tl_time began;

    assert_int_equal(enqueue(w, "R1", "late"), 0);
    kill(redis.pid, SIGSTOP);
    w->replies = 0;
    tell_ready(w, "b1");
    turn_for(w->loop, TL_MSEC(400));
    assert_int_equal(w->offers, offers);
    assert_int_equal(w->replies, 0);
    server_kill(&redis); /* with everything it knew: nothing is on disk */
    turn_for(w->loop, TL_MSEC(300));
    assert_int_equal(w->offers, offers);
    server_start(&redis);
    began = tl_clock_mono();
    while (w->offers == offers && tl_clock_mono() - began < TL_SEC(10))
        turn_for(w->loop, TL_MSEC(5));
    assert_int_equal(w->offers, offers + 1);
    assert_true(turn_until(w->loop, &w->replies));
    assert_int_equal(count_contacts(w), before + 1); /* nobody is lost */
    turn_for(w->loop, TL_SEC(2));
    assert_int_equal(w->offers, offers + 1); /* and nobody is offered twice */
    assert_int_equal(accept_offer(w, "b1", w->epoch), 0);
}

static int release(struct world *w, const char *id)
{
    Threadline__Acd__V1__ReleaseRequest q = THREADLINE__ACD__V1__RELEASE_REQUEST__INIT;

    q.contact_id = (char *)(uintptr_t)id;
    return ask(w, "release", &q);
}

static void the_next_owner_knows_who_spoke_with_the_customer(void **state)
{
    struct world *w = *state;

    assert_int_equal(ready(w, "k1"), 0);
    assert_int_equal(enqueue(w, "aT1", "kin"), 0);
    turn_for(w->loop, TL_MSEC(100));
    assert_int_equal(accept_offer(w, "k1", w->epoch), 0);
    assert_int_equal(ready(w, "k2"), 0);
    assert_int_equal(release(w, "aT1"), 0); /* k2 is idle for longer than k1 */
    owner_first(w->loop);
    kill(owners[0].pid, SIGKILL);
    waitpid(owners[0].pid, NULL, 0);
    start_owner(&owners[0], "three");
    assert_int_equal(enqueue(w, "bT1", "kin"), 0); /* asks until somebody owns the partition */
    turn_for(w->loop, TL_MSEC(100));
    assert_string_equal(w->rings, "tl.agent.k1");
    assert_int_equal(accept_offer(w, "k1", w->epoch), 0);
    assert_int_equal(release(w, "bT1"), 0);
    turn_for(w->loop, TL_SEC(1)); /* the third has connected */
    w->offers = 0;
}

static int begin(void **state)
{
    static char nats_port[16], redis_port[16];
    struct world *w = calloc(1, sizeof(*w));

    *state = w;
    if (!program_there("nats-server") || !program_there("redis-server"))
        return -1;
    server_prepare(&nats);
    server_prepare(&redis);
    (void)snprintf(nats_port, sizeof(nats_port), "%d", nats.port);
    (void)snprintf(redis_port, sizeof(redis_port), "%d", redis.port);
    (void)snprintf(nats_url, sizeof(nats_url), "nats://127.0.0.1:%d", nats.port);
    (void)snprintf(redis_url, sizeof(redis_url), "redis://127.0.0.1:%d", redis.port);
    const char *n[] = {"nats-server", "-a",  "127.0.0.1", "-p", nats_port,
                       "-js",         "-sd", nats.dir,    NULL};
    const char *r[] = {"redis-server", "--port",       redis_port, "--bind",
                       "127.0.0.1",    "--save",       "",         "--dir",
                       redis.dir,      "--appendonly", "no",       NULL};
    memcpy(nats.argv, n, sizeof(n));
    memcpy(redis.argv, r, sizeof(r));
    server_start(&nats);
    server_start(&redis);
    owners[0].owns = mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    owners[1].owns = owners[0].owns + 1;
    if (owners[0].owns == MAP_FAILED)
        return -1;
    start_owner(&owners[0], "one");
    start_owner(&owners[1], "two");
    const struct tl_bus_opts opts = {.url = nats_url, .name = "test"};
    tl_log_setup("test", TL_ERROR);
    if (tl_loop_new(&w->loop) || tl_bus_open(&w->bus, w->loop, &opts) ||
        tl_bus_subscribe(&w->pushes, w->bus, "tl.agent.*", NULL, on_push, w))
        return -1;
    turn_for(w->loop, TL_SEC(1));
    return tl_bus_ready(w->bus) ? 0 : -1;
}

static int end(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 2; i++) {
        kill(owners[i].pid, SIGKILL);
        waitpid(owners[i].pid, NULL, 0);
    }
    tl_sub_free(w->pushes);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    server_done(&nats);
    server_done(&redis);
    free(w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_owner_knows_who_spoke_with_the_customer),
        cmocka_unit_test(a_stopped_owner_is_replaced_and_refused_when_it_goes_on),
        cmocka_unit_test(redis_restarts_between_claim_and_ring),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
