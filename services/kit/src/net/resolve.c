/* Look-ups on libuv's pool, of which they may fill one half: the other is left to other work. */
#include "resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>
#include <uv.h>

struct resolve {
    uv_getaddrinfo_t req;
    resolve_fn *fn; /* NULL: dropped */
    void *arg;
};

static void on_found(uv_getaddrinfo_t *req, int err, struct addrinfo *found)
{
    struct resolve *r = req->data;
    struct resolved all = {0};

    for (struct addrinfo *a = err ? NULL : found; a && all.n < RESOLVE_MOST; a = a->ai_next)
        if (uv_ip_name(a->ai_addr, all.address[all.n], sizeof(all.address[0])) == 0)
            all.n++;
    uv_freeaddrinfo(found);
    if (r->fn)
        r->fn(r->arg, &all);
    tl_free(r);
}

static bool is_address(const char *host)
{
    struct in6_addr any;

    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

int resolve_start(struct resolve **ret, struct tl_loop *loop, const char *host, resolve_fn *fn,
                  void *arg)
{
    const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
    struct resolved same = {.n = 1};
    struct resolve *r;
    int err;

    *ret = NULL;
    if (is_address(host)) {
        memcpy(same.address[0], host, strlen(host) + 1);
        fn(arg, &same);
        return 0;
    }
    r = tl_alloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->fn = fn;
    r->arg = arg;
    r->req.data = r;
    err = uv_getaddrinfo(tl_loop_uv(loop), &r->req, on_found, host, NULL, &stream);
    if (err) {
        tl_free(r);
        return err == UV_ENOMEM ? -ENOMEM : -EINVAL;
    }
    *ret = r;
    return 0;
}

struct resolve *resolve_drop(struct resolve *r)
{
    if (r) {
        r->fn = NULL;
        (void)uv_cancel((uv_req_t *)&r->req); /* one that has begun comes to its end unheard */
    }
    return NULL;
}
