#include "nats_address.h"

#include <netdb.h>
#include <string.h>
#include <tl_mem.h>
#include <uv.h>

/* Belongs to libuv until it has called back, whoever still wants the answer. */
struct nats_lookup {
    uv_getaddrinfo_t req;
    struct nats_lookup **home; /* NULL: cancelled */
    unsigned attempt;
    nats_found_fn *fn;
    void *arg;
};

static const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

/* host, host:port, [2001:db8::1]:port */
static bool parse_server(struct nats_servers *ret, struct tl_str s)
{
    struct tl_str host = s, port = TL_STR("4222");
    const char *bracket = s.n && *s.s == '[' ? memchr(s.s, ']', s.n) : NULL;
    const char *from = bracket ? bracket : s.s;
    const char *colon = s.n ? memchr(from, ':', (size_t)(s.s + s.n - from)) : NULL;
    int64_t number;

    if (colon) {
        host.n = (size_t)(colon - s.s);
        port = (struct tl_str){colon + 1, (size_t)(s.s + s.n - colon - 1)};
    }
    if (bracket)
        host = (struct tl_str){s.s + 1, (size_t)(bracket - s.s - 1)};
    return host.n && ret->n < TL_LEN(ret->at) && !tl_str_int(port, 1, 65535, &number) &&
           tl_str_put(ret->at[ret->n].host, sizeof(ret->at[0].host), host) &&
           tl_str_put(ret->at[ret->n].port, sizeof(ret->at[0].port), port) && ++ret->n;
}

static bool parse_user(struct nats_servers *ret, struct tl_str s)
{
    struct tl_str user = {0};

    return tl_str_split(&s, ':', &user) && tl_str_put(ret->user, sizeof(ret->user), user) &&
           tl_str_put(ret->password, sizeof(ret->password), s);
}

int nats_servers_parse(struct nats_servers *ret, const char *url)
{
    struct tl_str rest = tl_str(url), one;

    *ret = (struct nats_servers){0};
    while (tl_str_split(&rest, ',', &one)) {
        const char *at;

        one = tl_str_trim(one);
        if (tl_str_starts(one, TL_STR("nats://")))
            one = (struct tl_str){one.s + 7, one.n - 7};
        at = one.n ? memchr(one.s, '@', one.n) : NULL;
        if (at) {
            if (!parse_user(ret, (struct tl_str){one.s, (size_t)(at - one.s)}))
                return -EINVAL;
            one = (struct tl_str){at + 1, (size_t)(one.s + one.n - at - 1)};
        }
        if (!parse_server(ret, one))
            return -EINVAL;
    }
    return ret->n ? 0 : -EINVAL;
}

static void tell(nats_found_fn *fn, void *arg, const struct addrinfo *all, unsigned turn)
{
    const struct addrinfo *a = all;
    unsigned n = 0;

    for (; a; a = a->ai_next)
        n++;
    a = all;
    for (unsigned skip = n ? turn % n : 0; skip; skip--)
        a = a->ai_next;
    if (a)
        fn(arg, 0, a->ai_addr, a->ai_addrlen);
    else
        fn(arg, -EHOSTUNREACH, NULL, 0);
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *all)
{
    struct nats_lookup *l = req->data;

    if (l->home) {
        *l->home = NULL;
        tell(l->fn, l->arg, status ? NULL : all, l->attempt);
    }
    uv_freeaddrinfo(all);
    tl_free(l);
}

void nats_lookup(struct nats_lookup **ret, struct tl_loop *loop, const struct nats_servers *servers,
                 unsigned attempt, nats_found_fn *fn, void *arg)
{
    const char *host = servers->at[attempt % servers->n].host;
    const char *port = servers->at[attempt % servers->n].port;
    struct addrinfo hints = wanted, *all = NULL;
    struct nats_lookup *l;

    attempt /= (unsigned)servers->n; /* from here: of this name's addresses */
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(host, port, &hints, &all) == 0) {
        tell(fn, arg, all, attempt);
        freeaddrinfo(all);
        return;
    }
    l = tl_alloc(1, sizeof(*l));
    if (l) {
        *l = (struct nats_lookup){.home = ret, .attempt = attempt, .fn = fn, .arg = arg};
        l->req.data = l;
    }
    hints.ai_flags = AI_NUMERICSERV;
    if (l && !uv_getaddrinfo(tl_loop_uv(loop), &l->req, on_found, host, port, &hints)) {
        *ret = l;
        return;
    }
    tl_free(l);
    fn(arg, -ENOMEM, NULL, 0);
}

struct nats_lookup *nats_lookup_cancel(struct nats_lookup *l)
{
    if (l) {
        *l->home = NULL;
        l->home = NULL;
        (void)uv_cancel((uv_req_t *)&l->req); /* when it runs already, nobody hears its answer */
    }
    return NULL;
}
