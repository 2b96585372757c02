/**
 * @file main.c  media-relay, the control: settings -> bus, Redis, relay -> loop.
 */
#include "handlers.h"

#include "core/ports.h"

#include <stdio.h>
#include <tl_svc.h>

struct app {
    struct tl_svc *svc;
    struct handlers *handlers;
    struct tl_events *events;
};

static bool janus_ok(void *arg)
{
    struct app *app = arg;

    return relay_janus_ready(handlers_relay(app->handlers));
}

static bool plane_ok(void *arg)
{
    struct app *app = arg;

    return relay_plane_ready(handlers_relay(app->handlers));
}

static bool drained(void *arg)
{
    struct app *app = arg;

    return tl_events_waiting(app->events) == 0;
}

/* Media goes on without us: the plane forwards, Janus keeps the session for our successor. */
static void on_drain(void *arg)
{
    struct app *app = arg;

    handlers_drain(app->handlers);
    tl_svc_drained(app->svc);
}

static void on_stop(void *arg)
{
    struct app *app = arg;

    app->handlers = handlers_close(app->handlers);
    app->events = tl_events_free(app->events);
}

static int read_secret(const char *path, struct tl_buf *ret, struct tl_buf *why, const char *name)
{
    int err = tl_conf_secret(path, ret);

    if (err)
        tl_buf_printf(why, "%s: %s", name, strerror(-err));
    return err;
}

static int open_all(struct app *app, struct handlers_opts *opts)
{
    char producer[64];
    int err;

    opts->bus = tl_svc_bus(app->svc);
    opts->redis = tl_svc_redis(app->svc);
    if (!opts->bus || !opts->redis)
        return -ENOMEM;
    snprintf(producer, sizeof producer, "media.%s", opts->instance);
    err = tl_events_new(&app->events, opts->bus, producer, "tl.events.media");
    opts->events = app->events;
    if (!err)
        err = handlers_open(&app->handlers, tl_svc_loop(app->svc), opts);
    if (!err)
        err = tl_svc_need(app->svc, "janus", janus_ok, app);
    if (!err)
        err = tl_svc_need(app->svc, "plane", plane_ok, app);
    if (!err)
        err = tl_svc_on_drain(app->svc, on_drain, app);
    if (!err)
        err = tl_svc_drain_until(app->svc, drained, app);
    if (!err)
        err = tl_svc_on_stop(app->svc, on_stop, app);
    return err;
}

int main(int argc, char **argv)
{
    const char *instance, *url, *secret_file, *room_file, *plane_socket, *ports, *sounds;
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_MEDIA_INSTANCE", &instance, "m1",
                    "name of this pair of relay and Janus; commands come on tl.cmd.media.<name>.*"),
        TL_SET_TEXT("TL_MEDIA_JANUS_URL", &url, "ws://127.0.0.1:18088", "WebSocket API of Janus"),
        TL_SET_TEXT("TL_MEDIA_JANUS_SECRET_FILE", &secret_file, NULL, "api_secret of Janus"),
        TL_SET_TEXT("TL_MEDIA_JANUS_ROOM_KEY_FILE", &room_file, NULL, "admin_key of VideoRoom"),
        TL_SET_TEXT("TL_MEDIA_PLANE_SOCKET", &plane_socket, ".run/media/plane.sock",
                    "Unix socket of tl-media-plane"),
        TL_SET_TEXT("TL_MEDIA_RTP_PORTS", &ports, "22000-22999",
                    "UDP ports of tl-media-plane; two for each leg"),
        TL_SET_TEXT("TL_MEDIA_SOUNDS_DIR", &sounds, NULL, "for tl-media-plane, not used here"),
    };
    struct tl_buf secret = TL_BUF(4096), room_key = TL_BUF(4096), why = TL_BUF(512);
    struct app app = {0};
    struct handlers_opts opts;
    uint16_t first, last;
    int seats;
    int rc = tl_svc_start(&app.svc, argc, argv, "media", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    if (read_secret(secret_file, &secret, &why, "TL_MEDIA_JANUS_SECRET_FILE") ||
        read_secret(room_file, &room_key, &why, "TL_MEDIA_JANUS_ROOM_KEY_FILE")) {
        rc = tl_svc_refuse(app.svc, why.p);
        goto out;
    }
    if (ports_parse(ports, &first, &last)) {
        rc = tl_svc_refuse(app.svc, "TL_MEDIA_RTP_PORTS: not FIRST-LAST with an even first port");
        goto out;
    }
    seats = (last - first + 1) / 2;
    opts = (struct handlers_opts){.instance = instance,
                                  .relay = {url, secret.p, room_key.p, plane_socket, seats}};
    if (open_all(&app, &opts))
        rc = tl_svc_refuse(app.svc, "out of memory, or the plane's socket path is too long");
    else
        rc = tl_svc_run(app.svc);
out:
    tl_buf_done(&secret);
    tl_buf_done(&room_key);
    tl_buf_done(&why);
    return rc;
}
