/* Where NATS may be: the servers of a URL, and one address of one of them at each attempt. */
#ifndef KIT_BUS_NATS_ADDRESS_H
#define KIT_BUS_NATS_ADDRESS_H

#include <sys/socket.h>
#include <tl_loop.h>
#include <tl_str.h>

struct nats_servers {
    struct {
        char host[128], port[8];
    } at[8];
    size_t n;
    char user[64], password[128]; /**< of the URL; empty: none */
};

/** "nats://[user[:password]@]host[:port][,...]", scheme and port may be missing.  0, -EINVAL. */
int nats_servers_parse(struct nats_servers *ret, const char *url);

/** An address to try, or why there is none (n 0): -EHOSTUNREACH, -ENOMEM. */
typedef void nats_found_fn(void *arg, int err, const struct sockaddr *address, socklen_t n);

struct nats_lookup;

/** Find an address for an attempt: servers take turns, and so do the addresses of a name.  A number
 * is found at once, inside this call; a name on the thread pool, and then *ret is set. */
void nats_lookup(struct nats_lookup **ret, struct tl_loop *loop, const struct nats_servers *servers,
                 unsigned attempt, nats_found_fn *fn, void *arg);
/** NULL is fine; fn is not called. */
struct nats_lookup *nats_lookup_cancel(struct nats_lookup *l);

#endif
