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

/* One server, or several separated by commas. */
static natsStatus set_servers(natsOptions *opts, const char *url)
{
    struct tl_str rest = tl_str(url), one;
    const char *list[8];
    char text[8][200];
    int n = 0;

    while (tl_str_split(&rest, ',', &one)) {
        one = tl_str_trim(one);
        if (!one.n || n == (int)TL_LEN(list) || !tl_str_put(text[n], sizeof(text[n]), one))
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
