/* tl-acd: settings -> adapters -> handlers -> core -> loop. */
#include "handlers.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_svc.h>

struct app {
    struct tl_svc *svc;
    struct handlers *handlers;
    char policy_path[1024];
    char instance[TL_ID_MAX + 1];
};

static void on_reload(void *arg)
{
    handlers_reload(((struct app *)arg)->handlers);
}

static void drained(void *arg)
{
    tl_svc_drained(((struct app *)arg)->svc);
}

static void on_drain(void *arg)
{
    handlers_drain(((struct app *)arg)->handlers, drained, arg);
}

static void on_stop(void *arg)
{
    struct app *app = arg;

    app->handlers = handlers_free(app->handlers);
}

static void on_metrics(void *arg)
{
    struct app *app = arg;

    if (app->handlers)
        handlers_measure(app->handlers);
}

static void on_state(void *arg, struct tl_http_req *req)
{
    struct app *app = arg;
    struct tl_buf out = TL_BUF(16 << 20);

    handlers_dump(app->handlers, &out);
    tl_http_reply(req, out.err ? 503 : 200, "text/plain; charset=utf-8", out.p, out.n);
    tl_buf_done(&out);
}

/* Adapters and handlers; what fails here is memory. */
static int wire_up(struct app *app, struct policy_file *policy, tl_dur lease, tl_dur gather)
{
    const struct tl_route state = {.method = "GET", .path = "/state", .fn = on_state, .arg = app};
    struct handlers_opts opts = {.loop = tl_svc_loop(app->svc),
                                 .bus = tl_svc_bus(app->svc),
                                 .policy = policy,
                                 .policy_path = app->policy_path,
                                 .instance = app->instance,
                                 .lease = lease,
                                 .gather = gather};

    if (!opts.bus || !tl_svc_redis(app->svc) ||
        store_redis_open(&opts.store, opts.loop, tl_svc_redis(app->svc), policy_partition(policy)))
        return -ENOMEM;
    if (handlers_new(&app->handlers, &opts)) {
        opts.store->ops->close(opts.store);
        return -ENOMEM;
    }
    tl_metrics_on_read(on_metrics, app);
    return tl_svc_need(app->svc, "partition", handlers_ready, app->handlers) ||
                   tl_svc_on_reload(app->svc, on_reload, app) ||
                   tl_svc_on_drain(app->svc, on_drain, app) ||
                   tl_svc_on_stop(app->svc, on_stop, app) ||
                   tl_http_route(tl_svc_http(app->svc), &state)
               ? -ENOMEM
               : 0;
}

int main(int argc, char **argv)
{
    int64_t lease_ms, gather_s;
    const char *instance;
    const struct tl_setting settings[] = {
        TL_SET_NUM("TL_ACD_LEASE_MS", &lease_ms, 700, 200, 60000,
                   "silence after which a standby takes the partition [ms]"),
        TL_SET_NUM(
            "TL_ACD_GATHER_S", &gather_s, 30, 0, 600,
            "how long nobody is offered after nothing was found stored, until those who waited are "
            "back [s]"),
        TL_SET_TEXT("TL_ACD_INSTANCE", &instance, "",
                    "name of this process, unique; default: made at start"),
    };
    struct app app = {0};
    struct policy_file *policy = NULL;
    struct tl_buf why = TL_BUF(65536);
    struct tl_id id = tl_id_new();
    int rc = tl_svc_start(&app.svc, argc, argv, "acd", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    (void)tl_str_put(app.instance, sizeof(app.instance), tl_str(*instance ? instance : id.s));
    (void)snprintf(app.policy_path, sizeof(app.policy_path), "%s/acd.yaml",
                   tl_svc_config_dir(app.svc));
    if (policy_load(&policy, app.policy_path, &why)) {
        rc = tl_svc_refuse(app.svc, why.p ? why.p : "acd.yaml cannot be read");
        tl_buf_done(&why);
        return rc;
    }
    if (wire_up(&app, policy, TL_MSEC(lease_ms), TL_SEC(gather_s)))
        return tl_svc_refuse(app.svc, "out of memory");
    handlers_start(app.handlers);
    return tl_svc_run(app.svc);
}
