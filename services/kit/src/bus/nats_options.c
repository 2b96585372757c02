/* How we connect, for the bus and for the set-up: writes leave at once (else a thread adds 1 ms), a
 * silent server is dead after two pings of 1 s, and we come back for ever. */
#include "nats_link.h"

int nats_errno(natsStatus s)
{
    switch (s) {
    case NATS_OK: return 0;
    case NATS_NO_MEMORY: return -ENOMEM;
    case NATS_TIMEOUT: return -ETIMEDOUT;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT: return -EINVAL;
    case NATS_MAX_PAYLOAD: return -EMSGSIZE;
    default: return -EAGAIN;
    }
}

/* "nats://[user:password@]host[:port]": the library looks only when it connects, and then a
 * mistyped setting would be a server that is away for ever. */
static bool server_ok(struct tl_str one)
{
    const char *end = one.s + one.n, *at, *colon;
    int64_t port;

    if (tl_str_starts(one, TL_STR("nats://")))
        one.s += 7;
    at = one.s < end ? memrchr(one.s, '@', (size_t)(end - one.s)) : NULL;
    if (at)
        one.s = at + 1;
    at = one.s < end && *one.s == '[' ? memchr(one.s, ']', (size_t)(end - one.s)) : one.s;
    if (!at || one.s == end || *one.s == ':')
        return false;
    colon = memchr(at, ':', (size_t)(end - at));
    return !colon ||
           !tl_str_int((struct tl_str){colon + 1, (size_t)(end - colon - 1)}, 1, 65535, &port);
}

/* One server, or several separated by commas. */
static natsStatus set_servers(natsOptions *opts, const char *url)
{
    struct tl_str rest = tl_str(url), one;
    const char *list[8];
    char text[8][200];
    int n = 0;

    while (tl_str_split(&rest, ',', &one)) {
        one = tl_str_trim(one);
        if (!server_ok(one) || n == (int)TL_LEN(list) || !tl_str_put(text[n], sizeof(text[n]), one))
            return NATS_INVALID_ARG;
        list[n] = text[n];
        n++;
    }
    return n ? natsOptions_SetServers(opts, list, n) : NATS_INVALID_ARG;
}

int nats_options(natsOptions **ret, const struct tl_bus_opts *o)
{
    natsOptions *opts = NULL;
    natsStatus s = natsOptions_Create(&opts);

    if (s == NATS_OK)
        s = set_servers(opts, o->url);
    if (s == NATS_OK && o->user && *o->user)
        s = natsOptions_SetUserInfo(opts, o->user, o->password ? o->password : "");
    if (s == NATS_OK)
        s = natsOptions_SetName(opts, o->name);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(opts, true);
    if (s == NATS_OK)
        s = natsOptions_UseGlobalMessageDelivery(opts, true);
    if (s == NATS_OK)
        s = natsOptions_SetPingInterval(opts, 1000);
    if (s == NATS_OK)
        s = natsOptions_SetMaxPingsOut(opts, 2);
    if (s == NATS_OK)
        s = natsOptions_SetMaxReconnect(opts, -1);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectWait(opts, 250);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectJitter(opts, 250, 250);
    if (s == NATS_OK)
        s = natsOptions_SetTimeout(opts, 2000);
    if (s != NATS_OK) {
        natsOptions_Destroy(opts);
        return nats_errno(s);
    }
    *ret = opts;
    return 0;
}
