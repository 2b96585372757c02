/*
 * The bus over one connection: publishes, draining, life.
 *
 * Trap that this file closes: publishes while the server is away are refused instead of being
 * buffered and sent behind the caller's back.
 */
#include "nats_subs.h"

#include <tl_mem.h>

static void on_up(void *arg)
{
    bus_connected(&((struct nats_bus *)arg)->bus);
}

static void on_flushed(void *arg)
{
    struct nats_bus *nb = arg;
    tl_fn *done = nb->drained;

    nb->drained = NULL;
    if (done)
        done(nb->drained_arg);
}

/* A flush that is under way ends by itself when the connection is lost. */
static void on_down(void *arg)
{
    TL_UNUSED(arg);
}

static void on_gone(void *arg)
{
    struct nats_bus *nb = arg;

    nats_free_used(nb);
    tl_free(nb);
}

static const struct nats_link_ops link_ops = {.made = nats_subs_made,
                                              .unmake = nats_subs_unmake,
                                              .up = on_up,
                                              .down = on_down,
                                              .arrived = nats_subs_arrived,
                                              .hopped = nats_subs_hopped,
                                              .flushed = on_flushed,
                                              .gone = on_gone,
                                              .drop_sub = nats_subs_drop};

/* ---- the bus ---- */

static bool ready(const struct tl_bus *bus)
{
    return nats_link_up(((const struct nats_bus *)bus)->link);
}

static natsStatus publish_headers(struct nats_bus *nb, const char *subject, const char *reply,
                                  const struct tl_header *headers, size_t n_headers,
                                  const void *data, size_t n)
{
    natsMsg *msg = NULL;
    natsStatus s = natsMsg_Create(&msg, subject, reply, data, (int)n);

    for (size_t i = 0; s == NATS_OK && i < n_headers; i++)
        s = natsMsgHeader_Set(msg, headers[i].name, headers[i].value);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(nb->link->nc, msg);
    nats_used_up(nb, msg);
    return s;
}

static int publish(struct tl_bus *bus, const char *subject, const char *reply,
                   const struct tl_header *headers, size_t n_headers, const void *data, size_t n)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    struct nats_link *l = nb->link;
    natsStatus s;

    if (!nats_link_up(l) || !nats_link_room(l))
        return -EAGAIN;
    if (!nats_subject_ok(subject))
        return -EINVAL;
    if (n_headers)
        s = publish_headers(nb, subject, reply, headers, n_headers, data, n);
    else if (reply)
        s = natsConnection_PublishRequest(l->nc, subject, reply, data, (int)n);
    else
        s = natsConnection_Publish(l->nc, subject, data, (int)n);
    if (s == NATS_OK)
        nats_link_wrote(l, n);
    return nats_errno(s);
}

static void hurry(struct tl_bus *bus)
{
    nats_link_hurry(((struct nats_bus *)bus)->link);
}

/* No more commands; our inboxes stay, for the answers and acknowledgements that are on their way.
 * The flush ends behind everything that was sent to us before. */
static void drain(struct tl_bus *bus, tl_fn *done, void *arg)
{
    struct nats_bus *nb = (struct nats_bus *)bus;

    if (!nats_link_up(nb->link) || nb->drained) {
        done(arg);
        return;
    }
    tl_list_for_each (&nb->subs, link) {
        struct nats_sub *s = TL_CONTAINER(link, struct nats_sub, link);

        if (s->ns && !tl_str_starts(tl_str(s->subject), tl_str(bus->inbox)))
            (void)natsSubscription_Drain(s->ns); /* then the end is a crash's */
    }
    nb->drained = done;
    nb->drained_arg = arg;
    if (nats_link_flush(nb->link))
        on_flushed(nb);
}

static void close_bus(struct tl_bus *bus)
{
    struct nats_bus *nb = (struct nats_bus *)bus;

    bus->n_on_connect = 0;
    tl_list_for_each (&nb->subs, link)
        nats_sub_free(&TL_CONTAINER(link, struct nats_sub, link)->sub);
    nats_link_free(nb->link); /* its last word frees the bus */
}

static const struct bus_ops nats_ops = {
    .close = close_bus,
    .ready = ready,
    .drain = drain,
    .publish = publish,
    .hurry = hurry,
    .subscribe = nats_sub_plain,
    .sub_free = nats_sub_free,
    .consume = nats_consume,
    .consumer_free = nats_consumer_free,
    .ack = nats_ack,
    .retry = nats_retry,
    .poison = nats_poison,
};

int tl_bus_open(struct tl_bus **ret, struct tl_loop *loop, const struct tl_bus_opts *opts)
{
    struct nats_bus *nb = tl_alloc(1, sizeof(*nb));
    int err;

    if (!nb)
        return -ENOMEM;
    bus_init(&nb->bus, &nats_ops, loop, opts->name);
    if (opts->message_max)
        nb->bus.message_max = opts->message_max;
    tl_list_init(&nb->subs);
    err = nats_link_new(&nb->link, loop, opts, &link_ops, nb);
    if (err) {
        if (nb->link)
            nats_link_free(nb->link);
        else
            tl_free(nb);
        return err;
    }
    *ret = &nb->bus;
    return 0;
}
