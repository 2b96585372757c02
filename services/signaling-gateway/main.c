/*
 * tl-signaling-gateway: the wiring.
 */
#include "adapters/edge.h"
#include "core/ice.h"
#include <stdio.h>
#include <stdlib.h>
#include <tl_clock.h>
#include <tl_svc.h>

struct app {
    struct tl_svc *svc;
    struct tl_events *events;
    struct store *store;
    struct agents *agents;
    struct gateway *gateway;
    struct edge *edge;
    struct tl_token_key key;
    struct ice_servers ice;
    const char *passwords;
};

static const struct agents *agents_now(void *arg)
{
    return ((struct app *)arg)->agents;
}

static const struct wire_choices *choices_now(void *arg)
{
    return agents_choices(((struct app *)arg)->agents);
}

static void on_reload(void *arg)
{
    struct app *app = arg;
    struct tl_buf why = TL_BUF(4096);
    struct agents *fresh = NULL;

    if (agents_load(&fresh, tl_svc_config_dir(app->svc), app->passwords, &why)) {
        tl_error("agents not reloaded, the old ones stay", TL_T("why", tl_buf_str(&why)));
        tl_metric_add(tl_counter("tl_signaling_config_reload_failures_total", NULL,
                                 "reloads that kept the old configuration"),
                      1);
    } else {
        agents_free(app->agents);
        app->agents = fresh;
        tl_info("agents reloaded");
    }
    tl_buf_done(&why);
}

/* The kit has sent the clients away (1012, a few at a time); they wait for the next gateway now. */
static void on_drain(void *arg)
{
    struct app *app = arg;

    gateway_stop(app->gateway);
    tl_svc_drained(app->svc);
}

static void on_redis(void *arg)
{
    gateway_store_connected(((struct app *)arg)->gateway);
}

static void on_stop(void *arg)
{
    struct app *app = arg;

    edge_free(app->edge);
    gateway_free(app->gateway);
    if (app->store)
        app->store->ops->free(app->store);
    tl_events_free(app->events);
    agents_free(app->agents);
}

int main(int argc, char **argv)
{
    const char *key_file, *public_origin, *more_origins, *schemas, *instance, *ice;
    int64_t grace_s, idle_s, echo, token_h, peer_rate, peer_burst, sockets_max;
    struct app app = {0};
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_TOKEN_KEY_FILE", &key_file, "", "key that signs tokens: 64 hex digits"),
        TL_SET_TEXT("TL_PUBLIC_ORIGIN", &public_origin, "http://127.0.0.1:18000",
                    "Origin of our own pages"),
        TL_SET_TEXT("TL_SIGNALING_ORIGINS", &more_origins, "", "more Origins, separated by spaces"),
        TL_SET_TEXT("TL_SIGNALING_PASSWORDS_FILE", &app.passwords, "",
                    "lines user:hash (Argon2id), before the hashes in agents.yaml"),
        TL_SET_TEXT("TL_SIGNALING_SCHEMAS", &schemas, "", "descriptor set for /v1/schemas"),
        TL_SET_TEXT("TL_SIGNALING_MEDIA_INSTANCE", &instance, "m1",
                    "media-relay of agents' standing legs"),
        TL_SET_TEXT("TL_SIGNALING_ICE_SERVERS", &ice, "",
                    "STUN servers for the browsers: stun:host:port, separated by commas"),
        TL_SET_NUM("TL_SIGNALING_GRACE_S", &grace_s, 15, 1, 600,
                   "seconds a session lives without a socket"),
        TL_SET_NUM("TL_SIGNALING_IDLE_S", &idle_s, 1800, 0, 86400,
                   "seconds a customer without a contact may say nothing; 0: no limit"),
        TL_SET_NUM("TL_SIGNALING_AGENT_TOKEN_H", &token_h, 12, 1, 168,
                   "hours an agent stays signed in"),
        TL_SET_NUM("TL_SIGNALING_PEER_RATE", &peer_rate, 200, 0, 100000,
                   "sessions and sockets that one address may open a second; 0: no limit"),
        TL_SET_NUM("TL_SIGNALING_PEER_BURST", &peer_burst, 2000, 1, 1000000, "and at once"),
        TL_SET_NUM("TL_SIGNALING_SOCKETS_MAX", &sockets_max, 60000, 1, 1000000,
                   "sockets at once; one more is sent away with 503"),
        TL_SET_NUM("TL_SIGNALING_ECHO", &echo, 0, 0, 1, "1: /echo for conformance suites"),
    };
    struct tl_buf why = TL_BUF(4096);
    char origins[2048];
    int rc = tl_svc_start(&app.svc, argc, argv, "signaling", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    if (tl_token_key_load(&app.key, key_file))
        return tl_svc_refuse(app.svc, "TL_TOKEN_KEY_FILE: not a private file of 64 hex digits");
    if (ice_servers_read(&app.ice, ice))
        return tl_svc_refuse(app.svc, "TL_SIGNALING_ICE_SERVERS: at most 8, each stun: or stuns:");
    if (agents_load(&app.agents, tl_svc_config_dir(app.svc), app.passwords, &why))
        return tl_svc_refuse(app.svc, why.n ? why.p : "out of memory");
    tl_buf_done(&why);
    if (snprintf(origins, sizeof(origins), "%s %s", public_origin, more_origins) >=
        (int)sizeof(origins)) /* cut, the last would be another site */
        return tl_svc_refuse(app.svc, "TL_SIGNALING_ORIGINS: longer than 2000 bytes");

    struct tl_loop *loop = tl_svc_loop(app.svc);
    struct tl_bus *bus = tl_svc_bus(app.svc);
    struct tl_redis *redis = tl_svc_redis(app.svc);
    struct tl_id id = tl_id_new();
    bool ok = bus && redis && !store_redis_new(&app.store, redis, tl_id_str(&id)) &&
              !tl_events_new(&app.events, bus, "signaling", "tl.events.signaling");
    ok = ok && !gateway_new(&app.gateway, &(struct gateway_opts){.loop = loop,
                                                                 .bus = bus,
                                                                 .store = app.store,
                                                                 .events = app.events,
                                                                 .key = &app.key,
                                                                 .sockets = &edge_sockets,
                                                                 .choices = choices_now,
                                                                 .choices_arg = &app,
                                                                 .media_instance = instance,
                                                                 .ice_servers = app.ice.at,
                                                                 .n_ice_servers = app.ice.n,
                                                                 .id = id,
                                                                 .grace = TL_SEC(grace_s),
                                                                 .idle = TL_SEC(idle_s)});
    ok = ok && !edge_new(&app.edge, &(struct edge_opts){.loop = loop,
                                                        .http = tl_svc_http(app.svc),
                                                        .gateway = app.gateway,
                                                        .store = app.store,
                                                        .key = &app.key,
                                                        .agents = agents_now,
                                                        .agents_arg = &app,
                                                        .origins = origins,
                                                        .schemas_file = schemas,
                                                        .agent_token_life = TL_HOUR(token_h),
                                                        .peer_rate = (int)peer_rate,
                                                        .peer_burst = (int)peer_burst,
                                                        .sockets_max = (int)sockets_max,
                                                        .echo = echo == 1});
    if (ok)
        tl_redis_on_connect(redis, on_redis, &app);
    ok = ok && !tl_svc_on_reload(app.svc, on_reload, &app) &&
         !tl_svc_on_drain(app.svc, on_drain, &app) && !tl_svc_on_stop(app.svc, on_stop, &app);
    return ok ? tl_svc_run(app.svc) : tl_svc_refuse(app.svc, "out of memory");
}
