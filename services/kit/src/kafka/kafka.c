/*
 * A Kafka producer on the loop: librdkafka works on its own threads and rings an eventfd; its
 * reports are taken out here, so every callback of ours runs on the loop.
 *
 * Traps that this file closes: the eventfd rings only from empty to non-empty, so the queue is
 * drained whole, and drained once after the bell was hung up (a broker that refuses at once has
 * filled it by then); the back-off to a lost broker is bounded (10 s by default); a failed record
 * is never resent silently (ordering and the durable copy are the caller's: JetStream); after a
 * fatal error librdkafka takes nothing any more, so its owner is told to begin anew.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <tl_clock.h>
#include <tl_kafka.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <unistd.h>

#define PROBE_EVERY    TL_SEC(1)
#define PROBE_LIMIT_MS 1000 /* a silent broker is noticed after two seconds */

struct tl_kafka {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct tl_io *io;
    int fd;
    bool all_down;
    bool answered; /* a broker has answered since the start or the last outage */
    struct tl_timer *probe;
    bool probing;
    struct tl_loop *loop;
    bool closing;
    bool broken; /* a fatal error: this producer is of no use any more */
};

struct record {
    tl_kafka_fn *fn;
    void *arg;
};

static int error_errno(rd_kafka_resp_err_t err)
{
    switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return 0;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT: return -ETIMEDOUT;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL: return -ENOBUFS;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY: return -ECANCELED;
    default: return -EIO;
    }
}

static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct record *r = m->_private;
    struct tl_kafka *k = opaque;

    TL_UNUSED(rk);
    if (!m->err) {
        k->all_down = false;
        k->answered = true;
    }
    r->fn(r->arg, error_errno(m->err), m->partition, m->offset);
    tl_free(r);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct tl_kafka *k = opaque;
    char why[200];

    if (err == RD_KAFKA_RESP_ERR__FATAL) {
        k->broken = true;
        (void)rd_kafka_fatal_error(rk, why, sizeof(why)); /* it is one: we were just told */
        tl_error("kafka producer cannot go on", TL_S("reason", why));
        return;
    }
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        k->all_down = true;
    if (tl_log_allow("kafka error"))
        tl_warn("kafka trouble: events wait", TL_S("reason", reason));
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    TL_UNUSED(rk);
    TL_UNUSED(level);
    TL_UNUSED(facility);
    TL_UNUSED(text); /* on its own threads; what matters comes through on_error */
}

static void on_bell(void *arg, int events, int err)
{
    struct tl_kafka *k = arg;
    uint64_t n;

    TL_UNUSED(events);
    TL_UNUSED(err);
    if (read(k->fd, &n, sizeof(n)) < 0)
        return; /* another turn has taken it */
    while (rd_kafka_poll(k->rk, 0) > 0)
        ;
}

/* Is a broker there?  The question blocks, so it is asked on the pool. */
struct probe {
    struct tl_kafka *k;
    rd_kafka_t *rk;
    bool ok;
};

static void probe_work(void *arg)
{
    struct probe *p = arg;
    const struct rd_kafka_metadata *md = NULL;

    p->ok = rd_kafka_metadata(p->rk, 0, NULL, &md, PROBE_LIMIT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_metadata_destroy(md);
}

static void destroy(struct tl_kafka *k)
{
    rd_kafka_queue_destroy(k->queue);
    rd_kafka_destroy(k->rk);
    close(k->fd);
    tl_free(k);
}

static void probe_done(void *arg)
{
    struct probe *p = arg;
    struct tl_kafka *k = p->k;

    k->probing = false;
    if (k->closing) {
        destroy(k);
    } else {
        if (p->ok && (!k->answered || k->all_down))
            tl_info("kafka connected");
        k->answered = p->ok;
        k->all_down = !p->ok;
        tl_timer_start(k->probe, PROBE_EVERY);
    }
    tl_free(p);
}

static void on_probe(void *arg)
{
    struct tl_kafka *k = arg;
    struct probe *p = tl_alloc(1, sizeof(*p));

    if (p)
        *p = (struct probe){.k = k, .rk = k->rk};
    if (!p || tl_loop_work(k->loop, probe_work, probe_done, p)) {
        tl_free(p);
        tl_timer_start(k->probe, PROBE_EVERY);
        return;
    }
    k->probing = true;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[200];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return 0;
    tl_error("kafka setting refused", TL_S("name", name), TL_S("reason", why));
    return -EINVAL;
}

static int set_ms(rd_kafka_conf_t *conf, const char *name, tl_dur value)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)(value / 1000));
    return set(conf, name, text);
}

static int configure(rd_kafka_conf_t *conf, const struct tl_kafka_opts *o)
{
    int err = set(conf, "bootstrap.servers", o->brokers);

    if (!err)
        err = set(conf, "client.id", o->client_id);
    if (!err)
        err = set(conf, "enable.idempotence", "true");
    if (!err)
        err = set(conf, "compression.codec", "lz4");
    if (!err)
        err = set(conf, "reconnect.backoff.ms", "50");
    if (!err)
        err = set(conf, "reconnect.backoff.max.ms", "500");
    if (!err)
        err = set_ms(conf, "linger.ms", o->linger ? o->linger : TL_MSEC(5));
    if (!err)
        err = set_ms(conf, "message.timeout.ms", o->timeout ? o->timeout : TL_SEC(30));
    for (int i = 0; !err && o->extra && o->extra[i]; i += 2)
        err = set(conf, o->extra[i], o->extra[i + 1]);
    return err;
}

int tl_kafka_open(struct tl_kafka **ret, struct tl_loop *loop, const struct tl_kafka_opts *opts)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct tl_kafka *k = tl_alloc(1, sizeof(*k));
    static const uint64_t one = 1;
    char why[200];
    int err = -ENOMEM;

    if (!k)
        goto out;
    k->loop = loop;
    k->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (k->fd < 0) {
        err = -errno;
        goto out;
    }
    err = configure(conf, opts);
    if (err)
        goto out;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_opaque(conf, k);
    k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!k->rk) {
        err = -EINVAL;
        goto out;
    }
    conf = NULL; /* the producer's now */
    k->queue = rd_kafka_queue_get_main(k->rk);
    rd_kafka_queue_io_event_enable(k->queue, k->fd, &one, sizeof(one));
    err = tl_io_new(&k->io, loop, k->fd, on_bell, k);
    if (!err)
        err = tl_io_watch(k->io, TL_READABLE);
    if (!err)
        err = eventfd_write(k->fd, one) ? -errno : 0; /* what came before the bell was there */
    if (!err)
        err = tl_timer_new(&k->probe, loop, on_probe, k);
    if (!err) {
        tl_timer_start(k->probe, 0);
        *ret = k;
        return 0;
    }
out:
    if (conf)
        rd_kafka_conf_destroy(conf);
    if (k && k->rk) {
        tl_io_free(k->io);
        destroy(k);
    } else if (k) {
        if (k->fd > 0)
            close(k->fd);
        tl_free(k);
    }
    return err;
}

struct tl_kafka *tl_kafka_close(struct tl_kafka *k)
{
    if (!k)
        return NULL;
    k->closing = true;
    tl_timer_free(k->probe);
    tl_io_free(k->io);
    if (rd_kafka_flush(k->rk, 3000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_purge(k->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(k->rk, 500);
    }
    while (rd_kafka_poll(k->rk, 0) > 0)
        ;
    if (!k->probing) /* else the probe's end destroys */
        destroy(k);
    return NULL;
}

bool tl_kafka_ready(const struct tl_kafka *k)
{
    return k && k->answered && !k->all_down && !k->broken;
}

bool tl_kafka_broken(const struct tl_kafka *k)
{
    return k && k->broken;
}

int tl_kafka_send(struct tl_kafka *k, const char *topic, const char *key,
                  const struct tl_header *headers, size_t n_headers, const void *data, size_t n,
                  tl_kafka_fn *fn, void *arg)
{
    rd_kafka_headers_t *hdrs = NULL;
    struct record *r = tl_alloc(1, sizeof(*r));
    rd_kafka_resp_err_t err;

    if (!r)
        return -ENOMEM;
    *r = (struct record){.fn = fn, .arg = arg};
    if (n_headers)
        hdrs = rd_kafka_headers_new(n_headers);
    for (size_t i = 0; i < n_headers; i++)
        rd_kafka_header_add(hdrs, headers[i].name, -1, headers[i].value, -1);
    err = rd_kafka_producev(
        k->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key, key ? strlen(key) : 0), RD_KAFKA_V_VALUE((void *)data, n),
        RD_KAFKA_V_HEADERS(hdrs), RD_KAFKA_V_OPAQUE(r), RD_KAFKA_V_END);
    if (err) {
        if (hdrs)
            rd_kafka_headers_destroy(hdrs);
        tl_free(r);
        return error_errno(err);
    }
    return 0;
}
