/*
 * tl-cobrowse-relay: the wiring.
 */
#include "adapters/edge.h"
#include <stdio.h>
#include <tl_svc.h>

struct app {
    struct tl_events *events;
    struct store *store;
    struct relay *relay;
    struct edge *edge;
};

static void on_stop(void *arg)
{
    struct app *app = arg;

    edge_free(app->edge);
    relay_free(app->relay);
    if (app->store)
        app->store->ops->free(app->store);
    tl_events_free(app->events);
}

int main(int argc, char **argv)
{
    const char *public_origin, *more_origins;
    int64_t events, kib, life_min;
    struct tl_svc *svc = NULL;
    struct app app = {0};
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_PUBLIC_ORIGIN", &public_origin, "http://127.0.0.1:18000",
                    "Origin of our own pages"),
        TL_SET_TEXT("TL_COBROWSE_ORIGINS", &more_origins, "", "more Origins, separated by spaces"),
        TL_SET_NUM("TL_COBROWSE_EVENTS_PER_S", &events, 200, 10, 10000,
                   "events a second from one browser"),
        TL_SET_NUM("TL_COBROWSE_KIB_PER_S", &kib, 1024, 16, 65536,
                   "KiB a second from one browser; four times that at once"),
        TL_SET_NUM("TL_COBROWSE_LIFE_MIN", &life_min, 60, 1, 600, "minutes a room may last"),
    };
    char origins[2048];
    int rc = tl_svc_start(&svc, argc, argv, "cobrowse", settings, TL_LEN(settings));

    if (!svc)
        return rc;
    if (snprintf(origins, sizeof(origins), "%s %s", public_origin, more_origins) >=
        (int)sizeof(origins)) /* cut, the last would be another site */
        return tl_svc_refuse(svc, "TL_COBROWSE_ORIGINS: longer than 2000 bytes");

    struct room_limits limits = room_limits_default;
    struct tl_bus *bus = tl_svc_bus(svc);
    struct tl_redis *redis = tl_svc_redis(svc);
    limits.events_per_s = (double)events;
    limits.bytes_per_s = (double)kib * 1024;
    limits.life = TL_MIN(life_min);
    bool ok = bus && redis && !store_redis_new(&app.store, redis) &&
              !tl_events_new(&app.events, bus, "cobrowse", "tl.events.cobrowse");
    ok = ok && !relay_new(&app.relay, &(struct relay_opts){.loop = tl_svc_loop(svc),
                                                           .bus = bus,
                                                           .store = app.store,
                                                           .events = app.events,
                                                           .sockets = &edge_sockets,
                                                           .limits = limits});
    ok = ok && !edge_new(&app.edge, &(struct edge_opts){.http = tl_svc_http(svc),
                                                        .relay = app.relay,
                                                        .store = app.store,
                                                        .origins = origins});
    ok = ok && !tl_svc_on_stop(svc, on_stop, &app);
    return ok ? tl_svc_run(svc) : tl_svc_refuse(svc, "out of memory");
}
