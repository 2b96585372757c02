/* portal: settings -> files -> routes -> loop. */
#include <tl_clock.h>
#include <tl_svc.h>

#include "core/site.h"
#include "handlers.h"

struct app {
    struct tl_svc *svc;
    struct portal_handlers *handlers;
    const char *root;
};

static const char *why_not(int err)
{
    switch (err) {
    case -ENOENT: return "TL_PORTAL_WEB_DIR: no such folder";
    case -ENODATA: return "TL_PORTAL_WEB_DIR: has no index.html; run make web";
    case -EFBIG:
    case -EMFILE: return "TL_PORTAL_WEB_DIR: too much in it to be a built site";
    default: return strerror(-err);
    }
}

/* The site was built anew.  A folder that cannot be read leaves the old pages in place. */
static void on_reload(void *arg)
{
    struct app *app = arg;
    struct portal_files *files = NULL;
    int err = portal_files_load(&files, app->root);

    if (err) {
        tl_error("pages not read again, old ones stay", TL_S("why", why_not(err)));
        return;
    }
    tl_info("pages read again", TL_I("files", portal_files_count(files)));
    portal_handlers_files(app->handlers, files);
}

static void on_stop(void *arg)
{
    struct app *app = arg;

    app->handlers = portal_handlers_free(app->handlers);
}

int main(int argc, char **argv)
{
    int64_t demo, claim_s;
    const char *site_key, *origin, *sites;
    struct app app = {0};
    const struct tl_setting table[] = {
        TL_SET_TEXT("TL_PORTAL_WEB_DIR", &app.root, "build/web", "folder of the built pages"),
        TL_SET_TEXT("TL_PUBLIC_ORIGIN", &origin, NULL, "our own origin"),
        TL_SET_TEXT("TL_PORTAL_SITES", &sites, "",
                    "origins of the sites whose pages the desk shows"),
        TL_SET_NUM("TL_PORTAL_DEMO", &demo, 0, 0, 1, "1: the demo shop may vouch for customers"),
        TL_SET_TEXT("TL_SITE_KEY_FILE", &site_key, NULL, "64 hex digits: signs the demo's claims"),
        TL_SET_NUM("TL_PORTAL_CLAIM_S", &claim_s, 300, 10, 86400, "life of a demo claim [s]"),
    };
    struct portal_files *files = NULL;
    struct tl_token_key key;
    int rc = tl_svc_start(&app.svc, argc, argv, "portal", table, TL_LEN(table));
    struct portal_settings set = {.origin = NULL};
    int err;

    if (!app.svc)
        return rc;
    set = (struct portal_settings){.origin = origin,
                                   .sites = sites,
                                   .site_key = demo ? &key : NULL,
                                   .claim_life = TL_SEC(claim_s),
                                   .now = tl_clock_wall};
    if (!portal_site_origins(sites))
        return tl_svc_refuse(app.svc, "TL_PORTAL_SITES: must be like https://shop.example");
    if (demo && tl_token_key_load(&key, site_key))
        return tl_svc_refuse(app.svc, "TL_SITE_KEY_FILE: must be a private file of 64 hex digits");
    err = portal_files_load(&files, app.root);
    if (err)
        return tl_svc_refuse(app.svc, why_not(err));
    tl_info("pages read", TL_I("files", portal_files_count(files)));
    if (portal_handlers_new(&app.handlers, tl_svc_http(app.svc), files, &set)) {
        portal_files_free(files);
        return tl_svc_refuse(app.svc, "out of memory");
    }
    if (tl_svc_on_reload(app.svc, on_reload, &app) || tl_svc_on_stop(app.svc, on_stop, &app))
        return tl_svc_refuse(app.svc, "out of memory");
    return tl_svc_run(app.svc);
}
