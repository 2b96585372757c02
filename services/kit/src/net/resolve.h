/**
 * @file resolve.h  The name of a host becomes addresses on the pool of threads: libpq and hiredis
 * would look it up themselves, and a slow resolver would stop the loop.
 */
#ifndef TL_RESOLVE_H
#define TL_RESOLVE_H

#include <netinet/in.h>
#include <tl_loop.h>

#define RESOLVE_MOST 8

/** In the resolver's order (RFC 6724: what is likely to answer first). */
struct resolved {
    int n; /**< 0: nobody knows the name, or nobody said */
    char address[RESOLVE_MOST][INET6_ADDRSTRLEN];
};

/** all is borrowed. */
typedef void resolve_fn(void *arg, const struct resolved *all);

struct resolve;

/**
 * Look a host up.  There is no deadline: the resolver has its own, and who asked again meanwhile
 * would fill the pool with questions.
 *
 * @param host  A name; an address is answered at once, inside this call
 * @param fn    Called once, on the loop's thread; the look-up is over when it is called
 * @param ret   For resolve_drop(); NULL when fn was called inside
 *
 * @return 0; -ENOMEM, -EINVAL: not a name (then fn is not called)
 */
int resolve_start(struct resolve **ret, struct tl_loop *loop, const char *host, resolve_fn *fn,
                  void *arg);

/** fn will not be called any more; NULL is fine. */
struct resolve *resolve_drop(struct resolve *r);

#endif
