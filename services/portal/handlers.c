/* Path -> file -> answer with the headers that its kind wants; and the one demo endpoint. */
#include "handlers.h"

#include <stdio.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "core/site.h"

struct portal_handlers {
    struct portal_files *files;
    const char *origin, *sites;
    struct tl_token_key site_key;
    tl_dur claim_life;
    tl_time (*now)(void);
};

/* Whom the demo shop can vouch for. */
static const struct {
    const char *id, *name, *tier;
} customers[] = {
    {"demo-gold", "Gold Demo Customer", "gold"},
    {"demo-standard", "Demo Customer", "standard"},
};

static bool has(void *arg, const char *name)
{
    return portal_files_get(arg, name) != NULL;
}

static void security_headers(const struct portal_handlers *h, struct tl_http_req *req,
                             const char *name)
{
    char policy[PORTAL_POLICY_MAX];

    /* A header that cannot be added leaves a page that the proxy's own policy covers. */
    if (portal_site_policy(name, h->origin, h->sites, policy, sizeof(policy)) == 0)
        (void)tl_http_add_header(req, "Content-Security-Policy", policy);
    (void)tl_http_add_header(req, "X-Content-Type-Options", "nosniff");
    (void)tl_http_add_header(req, "Referrer-Policy", "strict-origin-when-cross-origin");
    if (portal_site_shared(name)) {
        (void)tl_http_add_header(req, "Access-Control-Allow-Origin", "*");
        (void)tl_http_add_header(req, "Cross-Origin-Resource-Policy", "cross-origin");
    }
}

static void reply_file(const struct portal_handlers *h, struct tl_http_req *req,
                       const struct portal_file *file, int status)
{
    const char *type = portal_site_type(file->name);
    struct tl_str body = file->body;

    security_headers(h, req, file->name);
    if (status == 200) {
        (void)tl_http_add_header(req, "Cache-Control", portal_site_cache(file->name));
        (void)tl_http_add_header(req, "ETag", file->etag);
    } else {
        (void)tl_http_add_header(req, "Cache-Control", "no-store");
    }
    if (file->gzip.n)
        (void)tl_http_add_header(req, "Vary", "Accept-Encoding");
    if (status == 200 && portal_site_matches(tl_http_header(req, "If-None-Match"), file->etag)) {
        tl_http_reply(req, 304, NULL, NULL, 0);
        return;
    }
    if (file->gzip.n && portal_site_gzip(tl_http_header(req, "Accept-Encoding")) &&
        tl_http_add_header(req, "Content-Encoding", "gzip") == 0)
        body = file->gzip;
    tl_http_reply(req, status, type, body.s, body.n);
}

static void on_page(void *arg, struct tl_http_req *req)
{
    struct portal_handlers *h = arg;
    const struct portal_file *missing = portal_files_get(h->files, "404.html");
    char name[PORTAL_NAME_MAX];
    int err = portal_site_find(tl_http_path(req), has, h->files, name);

    if (err == 0) {
        reply_file(h, req, portal_files_get(h->files, name), 200);
        return;
    }
    if (err == -EINVAL)
        tl_bad_input("http", "path");
    if (missing)
        reply_file(h, req, missing, 404);
    else
        tl_http_problem(req, 404, "Not found", NULL, NULL);
}

static void on_claim(void *arg, struct tl_http_req *req)
{
    struct portal_handlers *h = arg;
    struct tl_str customer = tl_http_query(req, "customer");
    struct tl_claims claims = {.kind = "identity", .issuer = "demo-shop"};
    struct tl_buf token = TL_BUF(TL_TOKEN_MAX + 1), json = TL_BUF(4096);
    size_t i = 0;

    while (i < TL_LEN(customers) && !tl_str_eq(customer, tl_str(customers[i].id)))
        i++;
    if (i == TL_LEN(customers)) {
        tl_bad_input("http", "customer");
        tl_http_problem(req, 404, "No such demo customer", NULL, NULL);
        return;
    }
    (void)tl_id_parse(&claims.subject, customer); /* our own table's ids are valid */
    claims.customer = claims.subject;
    tl_str_put(claims.name, sizeof(claims.name), tl_str(customers[i].name));
    tl_str_put(claims.tier, sizeof(claims.tier), tl_str(customers[i].tier));
    claims.expires_at = h->now() + h->claim_life;
    (void)tl_http_add_header(req, "Cache-Control", "no-store");
    if (tl_token_sign(&token, &h->site_key, &claims) ||
        tl_buf_printf(
            &json,
            "{\"claim\":\"%s\",\"customer\":{\"id\":\"%s\",\"name\":\"%s\",\"tier\":\"%s\"}}",
            token.p, customers[i].id, customers[i].name, customers[i].tier))
        tl_http_problem(req, 503, "Out of memory", NULL, NULL);
    else
        tl_http_reply(req, 200, "application/json", json.p, json.n);
    tl_buf_done(&token);
    tl_buf_done(&json);
}

int portal_handlers_new(struct portal_handlers **ret, struct tl_http *http,
                        struct portal_files *files, const struct portal_settings *set)
{
    struct portal_handlers *h = tl_alloc(1, sizeof(*h));
    const struct tl_route routes[] = {
        {.method = "GET", .path = "/", .fn = on_page, .arg = h},
        {.method = "GET", .path = "/{rest*}", .fn = on_page, .arg = h},
        {.method = "GET", .path = "/v1/demo/claim", .fn = on_claim, .arg = h},
    };
    int err = h ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < TL_LEN(routes) - (set->site_key ? 0 : 1); i++)
        err = tl_http_route(http, &routes[i]);
    if (err) {
        tl_free(h);
        return err;
    }
    h->files = files;
    h->origin = set->origin ? set->origin : "";
    h->sites = set->sites;
    if (set->site_key)
        h->site_key = *set->site_key;
    h->claim_life = set->claim_life;
    h->now = set->now;
    *ret = h;
    return 0;
}

struct portal_handlers *portal_handlers_free(struct portal_handlers *h)
{
    if (h)
        portal_files_free(h->files);
    return tl_free(h);
}

void portal_handlers_files(struct portal_handlers *h, struct portal_files *files)
{
    portal_files_free(h->files);
    h->files = files;
}
