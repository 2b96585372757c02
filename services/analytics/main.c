/* analytics: settings -> adapters -> board and bridges -> loop. */
#include <stdlib.h>
#include <time.h>
#include <tl_svc.h>

#include "adapters/kafka_tail.h"
#include "bridge.h"
#include "handlers.h"

struct app {
    struct tl_svc *svc;
    struct tl_events *events;
    struct tl_kafka *kafka;
    struct analytics_tail *tail;
    struct analytics_handlers *handlers;
    struct analytics_bridge *bridges[2];
};

static int kafka_send(void *arg, const char *topic, const char *key,
                      const struct tl_header *headers, size_t n_headers, const void *data, size_t n,
                      tl_kafka_fn *fn, void *fn_arg)
{
    return tl_kafka_send(arg, topic, key, headers, n_headers, data, n, fn, fn_arg);
}

/* A producer that cannot go on is not mended but replaced: the supervisor starts us anew. */
static bool kafka_ok(void *arg)
{
    struct app *app = arg;

    if (tl_kafka_broken(app->kafka))
        tl_svc_leave(app->svc);
    return tl_kafka_ready(app->kafka);
}

/* What is on its way to Kafka or JetStream finishes, unless its server is away. */
static bool drained(void *arg)
{
    struct app *app = arg;
    size_t held = tl_events_waiting(app->events);

    for (size_t i = 0; i < TL_LEN(app->bridges); i++)
        if (app->bridges[i] && tl_kafka_ready(app->kafka))
            held += analytics_bridge_held(app->bridges[i]);
    return held == 0;
}

static void on_drain(void *arg)
{
    struct app *app = arg;

    for (size_t i = 0; i < TL_LEN(app->bridges); i++)
        if (app->bridges[i])
            analytics_bridge_quiesce(app->bridges[i]);
    tl_svc_drained(app->svc);
}

static void on_stop(void *arg)
{
    struct app *app = arg;

    app->tail = analytics_tail_free(app->tail);
    app->kafka = tl_kafka_close(app->kafka);
    for (size_t i = 0; i < TL_LEN(app->bridges); i++)
        app->bridges[i] = analytics_bridge_free(app->bridges[i]);
    app->handlers = analytics_handlers_free(app->handlers);
    app->events = tl_events_free(app->events);
}

static void on_known(void *arg, struct tl_str topic, struct tl_str event_id)
{
    struct app *app = arg;

    analytics_bridge_known(app->bridges[tl_str_eq(topic, TL_STR("threadline.clickstream.v1"))],
                           event_id);
}

static void on_tail(void *arg)
{
    struct app *app = arg;

    for (size_t i = 0; i < TL_LEN(app->bridges); i++)
        analytics_bridge_start(app->bridges[i]);
}

/* Without a broker the events wait in JetStream: nothing consumes them. */
static int open_kafka(struct app *app, const char *brokers, size_t window)
{
    const struct tl_kafka_opts opts = {
        .brokers = brokers, .client_id = "threadline-analytics", .timeout = TL_HOUR(24)};
    const struct analytics_bridge_opts streams[] = {
        {"EVENTS", "analytics-kafka", window},
        {"CLICKS", "analytics-clicks", window},
    };
    struct analytics_sink sink = {.send = kafka_send};
    int err;

    if (!*brokers) {
        tl_warn("no Kafka broker is configured: events wait in JetStream");
        return 0;
    }
    err = tl_kafka_open(&app->kafka, tl_svc_loop(app->svc), &opts);
    sink.arg = app->kafka;
    for (size_t i = 0; !err && i < TL_LEN(app->bridges); i++)
        err = analytics_bridge_new(&app->bridges[i], tl_svc_loop(app->svc), tl_svc_bus(app->svc),
                                   &sink, &streams[i]);
    if (!err)
        err = tl_svc_need(app->svc, "kafka", kafka_ok, app);
    if (!err)
        err = analytics_tail_read(&app->tail, tl_svc_loop(app->svc), brokers,
                                  ANALYTICS_UNCONFIRMED_MAX, on_known, on_tail, app);
    return err;
}

int main(int argc, char **argv)
{
    const char *brokers, *zone;
    int64_t window;
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_KAFKA_BROKERS", &brokers, NULL,
                    "host:port of Kafka; empty: events wait in JetStream"),
        TL_SET_TEXT("TL_ANALYTICS_ZONE", &zone, "UTC", "time zone whose midnight begins the day"),
        TL_SET_NUM("TL_ANALYTICS_WINDOW", &window, 200000, 1000, 10000000,
                   "event ids remembered to drop what comes twice"),
    };
    struct app app = {0};
    int rc = tl_svc_start(&app.svc, argc, argv, "analytics", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    if (setenv("TZ", zone, 1))
        return tl_svc_refuse(app.svc, "out of memory");
    tzset();
    if (!tl_svc_bus(app.svc) ||
        tl_events_new(&app.events, tl_svc_bus(app.svc), "analytics", "tl.events.analytics") ||
        analytics_handlers_new(&app.handlers, tl_svc_loop(app.svc), tl_svc_bus(app.svc),
                               app.events) ||
        tl_svc_on_drain(app.svc, on_drain, &app) || tl_svc_drain_until(app.svc, drained, &app) ||
        tl_svc_on_stop(app.svc, on_stop, &app))
        return tl_svc_refuse(app.svc, "out of memory");
    if (open_kafka(&app, brokers, (size_t)window))
        return tl_svc_refuse(app.svc, "TL_KAFKA_BROKERS: Kafka cannot be used with it");
    return tl_svc_run(app.svc);
}
