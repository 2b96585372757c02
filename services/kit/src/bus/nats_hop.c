#include "nats_hop.h"

#include <stdlib.h>
#include <unistd.h>

void nats_hop_ref(struct nats_hop *hop)
{
    atomic_fetch_add(&hop->refs, 1);
}

void nats_hop_unref(struct nats_hop *hop)
{
    if (atomic_fetch_sub(&hop->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&hop->lock);
    free(hop);
}

static void item_drop(struct nats_hop *hop, struct nats_item *it)
{
    natsMsg_Destroy(it->msg);
    if (it->fd >= 0)
        close(it->fd);
    if (it->kind == NATS_SUB_DONE)
        hop->drop_sub(it->sub);
    free(it);
}

/* Plain malloc: the library's threads are outside the tests' allocation failures. */
int nats_hop_put(struct nats_hop *hop, struct nats_item what)
{
    struct nats_item *it = malloc(sizeof(*it));
    bool open;

    if (!it) {
        natsMsg_Destroy(what.msg);
        if (what.fd >= 0)
            close(what.fd);
        return -ENOMEM;
    }
    *it = what;
    it->next = NULL;
    pthread_mutex_lock(&hop->lock);
    open = hop->async != NULL;
    if (open) {
        if (!hop->first)
            uv_async_send(hop->async);
        *hop->last = it;
        hop->last = &it->next;
    }
    pthread_mutex_unlock(&hop->lock);
    if (!open)
        item_drop(hop, it);
    return 0;
}

static struct nats_item *take_all(struct nats_hop *hop)
{
    struct nats_item *first;

    pthread_mutex_lock(&hop->lock);
    first = hop->first;
    hop->first = NULL;
    hop->last = &hop->first;
    pthread_mutex_unlock(&hop->lock);
    return first;
}

static void on_async(uv_async_t *async)
{
    struct nats_hop *hop = async->data;
    struct nats_item *it;

    nats_hop_ref(hop); /* what is taken out may close it */
    it = take_all(hop);
    for (struct nats_item *next; it; it = next) {
        next = it->next;
        if (hop->async)
            hop->take(hop->arg, it);
        item_drop(hop, it);
    }
    nats_hop_unref(hop);
}

int nats_hop_new(struct nats_hop **ret, struct tl_loop *loop)
{
    struct nats_hop *hop = calloc(1, sizeof(*hop));
    uv_async_t *async = calloc(1, sizeof(*async));

    if (!hop || !async || uv_async_init(tl_loop_uv(loop), async, on_async)) {
        free(hop);
        free(async);
        return -ENOMEM;
    }
    pthread_mutex_init(&hop->lock, NULL); /* default attributes: cannot fail on Linux */
    hop->last = &hop->first;
    hop->async = async;
    hop->loop = pthread_self();
    atomic_init(&hop->refs, 1);
    async->data = hop;
    *ret = hop;
    return 0;
}

static void free_async(uv_handle_t *h)
{
    free(h);
}

void nats_hop_close(struct nats_hop *hop)
{
    struct nats_item *it;

    pthread_mutex_lock(&hop->lock);
    uv_close((uv_handle_t *)hop->async, free_async);
    hop->async = NULL;
    pthread_mutex_unlock(&hop->lock);
    it = take_all(hop);
    for (struct nats_item *next; it; it = next) {
        next = it->next;
        item_drop(hop, it);
    }
    nats_hop_unref(hop);
}
