/* conversation: the life of contacts.  Settings -> store, bus -> handlers -> loop. */
#include "handlers.h"
#include "rules_file.h"

#include <stdio.h>
#include <tl_svc.h>

struct app {
    struct tl_svc *svc;
    struct store *store;
    struct conversation *conv;
    char rules_path[512];
};

static bool store_ready(void *arg)
{
    struct app *app = arg;

    return app->store->ops->ready(app->store);
}

static void reload(void *arg)
{
    struct app *app = arg;
    struct rules rules;
    struct tl_buf why = TL_BUF(8192);

    if (rules_load(&rules, app->rules_path, &why) == 0) {
        conversation_set_rules(app->conv, &rules);
        tl_info("rules loaded", TL_I("dispositions", rules.n_dispositions));
    } else {
        tl_metric_add(tl_counter("tl_conversation_config_reload_failures_total", NULL,
                                 "rules that were refused; the old ones stay"),
                      1);
        tl_error("rules refused", TL_T("why", tl_buf_str(&why)));
    }
    tl_buf_done(&why);
}

static bool drained(void *arg)
{
    struct app *app = arg;

    return conversation_idle(app->conv);
}

static void stop(void *arg)
{
    struct app *app = arg;

    app->store = store_close(app->store); /* what is under way there ends with an error */
    app->conv = conversation_free(app->conv);
}

static int wire_up(struct app *app, const struct store_pg_opts *db, struct conversation_opts *opts)
{
    int err;

    opts->loop = tl_svc_loop(app->svc);
    opts->bus = tl_svc_bus(app->svc);
    if (!opts->bus)
        return -ENOMEM;
    err = store_pg_open(&app->store, opts->loop, db);
    if (err)
        return err;
    opts->store = app->store;
    err = conversation_new(&app->conv, opts);
    if (!err)
        err = tl_svc_need(app->svc, "postgres", store_ready, app);
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
    struct conversation_opts opts = {.durable = true};
    const char *db, *password_file;
    int64_t reconcile_s, pool;
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_CONVERSATION_DB", &db,
                    "host=127.0.0.1 port=18054 dbname=threadline user=conversation",
                    "PostgreSQL, as libpq's connection string"),
        TL_SET_TEXT("TL_CONVERSATION_DB_PASSWORD_FILE", &password_file, NULL, "its password"),
        TL_SET_NUM("TL_CONVERSATION_DB_POOL", &pool, 6, 1, 50, "connections"),
        TL_SET_TEXT("TL_CONVERSATION_MEDIA", &opts.media, "m1", "media instance of new contacts"),
        TL_SET_NUM("TL_CONVERSATION_RECONCILE_S", &reconcile_s, 10, 1, 3600,
                   "seconds between comparisons with acd and media-relay"),
    };
    struct tl_buf why = TL_BUF(8192), password = TL_BUF(4096);
    int rc = tl_svc_start(&app.svc, argc, argv, "conversation", settings, TL_LEN(settings));

    if (!app.svc)
        return rc;
    (void)snprintf(app.rules_path, sizeof app.rules_path, "%s/conversation.yaml",
                   tl_svc_config_dir(app.svc));
    if (rules_load(&opts.rules, app.rules_path, &why)) {
        rc = tl_svc_refuse(app.svc, why.n ? why.p : "conversation.yaml cannot be read");
        goto out;
    }
    if (*password_file && tl_conf_secret(password_file, &password)) {
        rc = tl_svc_refuse(app.svc, "TL_CONVERSATION_DB_PASSWORD_FILE cannot be read");
        goto out;
    }
    opts.reconcile_every = TL_SEC(reconcile_s);
    if (wire_up(&app,
                &(struct store_pg_opts){
                    .conninfo = db, .password = password.n ? password.p : NULL, .pool = (int)pool},
                &opts)) {
        rc = tl_svc_refuse(app.svc, "out of memory");
        goto out;
    }
    rc = tl_svc_run(app.svc);
out:
    tl_buf_done(&why);
    tl_buf_done(&password);
    return rc;
}
