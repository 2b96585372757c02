/* clickstream-tracker: settings -> adapters -> core -> loop. */
#include <stdio.h>
#include <tl_events.h>
#include <tl_svc.h>

#include "adapters/http.h"
#include "adapters/rules_yaml.h"
#include "handlers.h"

struct app {
    struct tl_svc *svc;
    struct tl_events *events;
    struct clickstream_store *store;
    struct clickstream_handlers *handlers;
    struct clickstream_http *http;
    char rules_path[1024];
};

static int load_rules(struct app *app, struct tl_buf *why)
{
    struct clickstream_rules *rules = NULL;
    int err = clickstream_rules_load(&rules, app->rules_path, why);

    if (!err) {
        tl_info("invitation rules loaded", TL_I("rules", rules->n), TL_S("hash", rules->hash));
        clickstream_handlers_rules(app->handlers, rules);
    }
    return err;
}

/* A file that cannot be used keeps the rules that are in force. */
static void on_reload(void *arg)
{
    struct tl_buf why = TL_BUF(4096);

    if (load_rules(arg, &why)) {
        tl_metric_add(tl_counter("tl_clickstream_config_reload_failures_total", NULL,
                                 "rules that could not be used; the old ones stay"),
                      1);
        tl_error("invitation rules refused, old ones stay", TL_T("why", tl_buf_str(&why)));
    }
    tl_buf_done(&why);
}

static bool drained(void *arg)
{
    struct app *app = arg;

    return !clickstream_handlers_busy(app->handlers) && !tl_events_waiting(app->events);
}

static void on_stop(void *arg)
{
    struct app *app = arg;

    app->http = clickstream_http_free(app->http);
    app->handlers = clickstream_handlers_free(app->handlers);
    app->store = clickstream_store_free(app->store);
    app->events = tl_events_free(app->events);
}

int main(int argc, char **argv)
{
    int64_t idle_s, token_days, visitor_rate, visitor_burst, peer_rate, peer_burst;
    const char *token_key, *site_key, *origins, *own_origin;
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_TOKEN_KEY_FILE", &token_key, NULL, "64 hex digits: signs visitor tokens"),
        TL_SET_TEXT("TL_SITE_KEY_FILE", &site_key, NULL,
                    "64 hex digits: the site's identity claims"),
        TL_SET_TEXT("TL_PUBLIC_ORIGIN", &own_origin, NULL, "our own origin"),
        TL_SET_TEXT("TL_CLICKSTREAM_ORIGINS", &origins, NULL,
                    "other sites that may send, by space"),
        TL_SET_NUM("TL_CLICKSTREAM_IDLE_S", &idle_s, 1800, 60, 86400,
                   "silence that ends a visit [s]"),
        TL_SET_NUM("TL_CLICKSTREAM_TOKEN_DAYS", &token_days, 30, 1, 365,
                   "life of a visitor token [d]"),
        TL_SET_NUM("TL_CLICKSTREAM_VISITOR_RATE", &visitor_rate, 10, 0, 10000,
                   "requests of a visitor [1/s]; 0: no limit"),
        TL_SET_NUM("TL_CLICKSTREAM_VISITOR_BURST", &visitor_burst, 40, 1, 100000, "at once"),
        TL_SET_NUM("TL_CLICKSTREAM_PEER_RATE", &peer_rate, 200, 0, 1000000,
                   "requests of an address [1/s]; 0: no limit"),
        TL_SET_NUM("TL_CLICKSTREAM_PEER_BURST", &peer_burst, 1000, 1, 1000000, "at once"),
    };
    struct app app = {0};
    struct clickstream_settings set = {0};
    struct tl_buf why = TL_BUF(4096);
    int rc = tl_svc_start(&app.svc, argc, argv, "clickstream", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    set.visit_idle = TL_SEC(idle_s);
    set.token_life = TL_HOUR(24 * token_days);
    set.visitor_rate = (double)visitor_rate, set.visitor_burst = (double)visitor_burst;
    set.peer_rate = (double)peer_rate, set.peer_burst = (double)peer_burst;
    set.has_site_key = site_key[0];
    snprintf(app.rules_path, sizeof(app.rules_path), "%s/invitations.yaml",
             tl_svc_config_dir(app.svc));
    if (tl_token_key_load(&set.token_key, token_key))
        return tl_svc_refuse(app.svc, "TL_TOKEN_KEY_FILE: must be a private file of 64 hex digits");
    if (set.has_site_key && tl_token_key_load(&set.site_key, site_key))
        return tl_svc_refuse(app.svc, "TL_SITE_KEY_FILE: must be a private file of 64 hex digits");
    if (!tl_svc_bus(app.svc) || !tl_svc_redis(app.svc) ||
        tl_events_new(&app.events, tl_svc_bus(app.svc), "clickstream", "tl.clicks") ||
        clickstream_store_redis(&app.store, tl_svc_redis(app.svc), set.visit_idle + TL_MIN(5),
                                TL_HOUR(24 * 90)) ||
        clickstream_handlers_new(&app.handlers, tl_svc_loop(app.svc), tl_svc_bus(app.svc),
                                 app.events, app.store, &set) ||
        clickstream_http_new(&app.http, tl_svc_http(app.svc), app.handlers, own_origin, origins) ||
        tl_svc_on_reload(app.svc, on_reload, &app) || tl_svc_drain_until(app.svc, drained, &app) ||
        tl_svc_on_stop(app.svc, on_stop, &app))
        return tl_svc_refuse(app.svc, "out of memory");
    if (load_rules(&app, &why)) {
        rc = tl_svc_refuse(app.svc, why.p ? why.p : "invitations.yaml");
        tl_buf_done(&why);
        return rc;
    }
    return tl_svc_run(app.svc);
}
