/* A consumer without a group, assigned to the end of each partition, read until each says EOF. */
#include "kafka_tail.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <tl_id.h>
#include <tl_log.h>
#include <tl_mem.h>

#define LIMIT_MS 15000
#define AGAIN    TL_SEC(2)

struct found {
    char topic[64];
    struct tl_id id;
};

struct analytics_tail {
    struct tl_loop *loop;
    struct tl_timer *again;
    char *brokers;
    int per_partition;
    analytics_tail_fn *fn;
    tl_fn *done;
    void *arg;
    struct found *found; /* filled on the pool's thread, with plain realloc */
    size_t n, cap;
    bool ok, working, freed;
};

static bool is_ours(const char *topic)
{
    size_t n = strlen(topic);

    return strncmp(topic, "threadline.", 11) == 0 && n > 14 && strcmp(topic + n - 3, ".v1") == 0;
}

static bool keep(struct analytics_tail *t, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t size = 0;

    if (rd_kafka_message_headers(m, &headers) ||
        rd_kafka_header_get_last(headers, "ce_id", &value, &size))
        return true; /* not one of ours */
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 1024;
        struct found *more = realloc(t->found, cap * sizeof(*more));

        if (!more)
            return false;
        t->found = more;
        t->cap = cap;
    }
    tl_str_put(t->found[t->n].topic, sizeof(t->found[t->n].topic),
               tl_str(rd_kafka_topic_name(m->rkt)));
    if (!tl_id_parse(&t->found[t->n].id, (struct tl_str){value, size}))
        t->n++;
    return true;
}

/* All partitions of our topics, at their ends; NULL: Kafka did not answer. */
static rd_kafka_topic_partition_list_t *ends(rd_kafka_t *rk, int per_partition)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_partition_list_t *list = NULL;

    if (rd_kafka_metadata(rk, 1, NULL, &md, 5000))
        return NULL;
    list = rd_kafka_topic_partition_list_new(32);
    for (int i = 0; i < md->topic_cnt; i++)
        for (int p = 0; is_ours(md->topics[i].topic) && p < md->topics[i].partition_cnt; p++)
            rd_kafka_topic_partition_list_add(list, md->topics[i].topic, p)->offset =
                RD_KAFKA_OFFSET_TAIL(per_partition);
    rd_kafka_metadata_destroy(md);
    return list;
}

static bool read_all(struct analytics_tail *t, rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *list = ends(rk, t->per_partition);
    int open = list ? list->cnt : 0, waited = 0;
    bool ok = list && !rd_kafka_assign(rk, list);

    while (ok && open > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 500);

        if (!m) {
            waited += 500;
            ok = waited < LIMIT_MS;
            continue;
        }
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            open--;
        else if (!m->err)
            ok = keep(t, m);
        else
            ok = m->err == RD_KAFKA_RESP_ERR__TRANSPORT; /* it reconnects by itself */
        rd_kafka_message_destroy(m);
    }
    if (list)
        rd_kafka_topic_partition_list_destroy(list);
    return ok;
}

static rd_kafka_t *consumer(const char *brokers)
{
    static const char *const settings[][2] = {
        {"group.id", "threadline-analytics-tail"}, /* needed by assign(), never joined */
        {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},
        {"log_level", "0"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[200];
    rd_kafka_t *rk = NULL;
    bool ok = !rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));

    for (size_t i = 0; ok && i < TL_LEN(settings); i++)
        ok = !rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why));
    if (ok)
        rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk)
        rd_kafka_conf_destroy(conf);
    return rk;
}

static void work(void *arg)
{
    struct analytics_tail *t = arg;
    rd_kafka_t *rk = consumer(t->brokers);

    t->n = 0;
    t->ok = rk && read_all(t, rk);
    if (rk) {
        rd_kafka_consumer_close(rk);
        rd_kafka_destroy(rk);
    }
}

static void release(struct analytics_tail *t)
{
    free(t->found);
    tl_free(t->brokers);
    tl_free(t);
}

static void worked(void *arg)
{
    struct analytics_tail *t = arg;

    t->working = false;
    if (t->freed) {
        release(t);
        return;
    }
    if (!t->ok) {
        if (tl_log_allow("kafka tail"))
            tl_warn("kafka cannot be read yet: events wait in JetStream");
        tl_timer_start(t->again, AGAIN);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        t->fn(t->arg, tl_str(t->found[i].topic), tl_id_str(&t->found[i].id));
    t->done(t->arg);
}

static void start(void *arg)
{
    struct analytics_tail *t = arg;

    t->working = !tl_loop_work(t->loop, work, worked, t);
    if (!t->working)
        tl_timer_start(t->again, AGAIN);
}

int analytics_tail_read(struct analytics_tail **ret, struct tl_loop *loop, const char *brokers,
                        int per_partition, analytics_tail_fn *fn, tl_fn *done, void *arg)
{
    struct analytics_tail *t = tl_alloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    *t = (struct analytics_tail){.loop = loop,
                                 .brokers = tl_copy(brokers, strlen(brokers)),
                                 .per_partition = per_partition,
                                 .fn = fn,
                                 .done = done,
                                 .arg = arg};
    if (!t->brokers || tl_timer_new(&t->again, loop, start, t)) {
        release(t);
        return -ENOMEM;
    }
    start(t);
    *ret = t;
    return 0;
}

struct analytics_tail *analytics_tail_free(struct analytics_tail *t)
{
    if (!t)
        return NULL;
    tl_timer_free(t->again);
    t->freed = true;
    if (!t->working) /* else the worker's end frees it */
        release(t);
    return NULL;
}
