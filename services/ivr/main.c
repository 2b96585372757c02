/* ivr: the next step of a flow.  Flow file -> handlers -> loop. */
#include "flow_file.h"
#include "handlers.h"

#include <stdio.h>
#include <tl_events.h>
#include <tl_mem.h>
#include <tl_svc.h>

struct app {
    struct tl_svc *svc;
    struct tl_events *events;
    struct ivr *ivr;
    char path[512];
};

static void reload(void *arg)
{
    struct app *app = arg;
    struct ivr_flow *flow = NULL;
    struct tl_buf why = TL_BUF(16384);

    if (ivr_flow_load(&flow, app->path, &why) == 0) {
        tl_info("flow loaded", TL_S("flow", flow->name.s), TL_S("hash", flow->hash));
        ivr_set_flow(app->ivr, flow);
    } else {
        tl_metric_add(tl_counter("tl_ivr_config_reload_failures_total", NULL,
                                 "flows that were refused; the old one stays"),
                      1);
        tl_error("flow refused", TL_T("why", tl_buf_str(&why)));
    }
    tl_buf_done(&why);
}

static bool drained(void *arg)
{
    struct app *app = arg;

    return tl_events_waiting(app->events) == 0;
}

static void stop(void *arg)
{
    struct app *app = arg;

    app->ivr = ivr_free(app->ivr);
    app->events = tl_events_free(app->events);
}

static int wire_up(struct app *app, struct ivr_flow *flow)
{
    struct tl_bus *bus = tl_svc_bus(app->svc);
    int err = bus ? tl_events_new(&app->events, bus, "ivr", "tl.events.ivr") : -ENOMEM;

    if (err) {
        tl_free(flow);
        return err;
    }
    err = ivr_new(&app->ivr, bus, app->events, flow);
    if (!err)
        err = tl_svc_drain_until(app->svc, drained, app);
    if (!err)
        err = tl_svc_on_stop(app->svc, stop, app);
    if (!err)
        err = tl_svc_on_reload(app->svc, reload, app);
    return err;
}

int main(int argc, char **argv)
{
    struct app app = {0};
    struct ivr_flow *flow = NULL;
    struct tl_buf why = TL_BUF(16384);
    const char *file;
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_IVR_FLOW", &file, "flows/web.yaml",
                    "flow of web contacts, in the configuration folder"),
    };
    int rc = tl_svc_start(&app.svc, argc, argv, "ivr", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    (void)snprintf(app.path, sizeof app.path, "%s/%s", tl_svc_config_dir(app.svc), file);
    if (ivr_flow_load(&flow, app.path, &why))
        rc = tl_svc_refuse(app.svc, why.n ? why.p : "the flow cannot be read");
    else if (wire_up(&app, flow))
        rc = tl_svc_refuse(app.svc, "out of memory");
    else
        rc = tl_svc_run(app.svc);
    tl_buf_done(&why);
    return rc;
}
