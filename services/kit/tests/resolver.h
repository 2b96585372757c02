/*
 * A resolver for tests, in libc's place: "slow.test" is this machine after a while, "two.test" has
 * an address before it where nobody listens, "nobody.test" does not exist, the rest is as it was.
 */
#ifndef KIT_TESTS_RESOLVER_H
#define KIT_TESTS_RESOLVER_H

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#define SLOW_US 400000

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    int (*libc)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        (__typeof__(libc))dlsym(RTLD_NEXT, "getaddrinfo");

    if (host && strcmp(host, "nobody.test") == 0)
        return EAI_NONAME;
    if (host && strcmp(host, "slow.test") == 0) {
        usleep(SLOW_US);
        host = "127.0.0.1";
    }
    if (host && strcmp(host, "two.test") == 0) {
        int err = libc("127.9.9.9", service, hints, ret);

        return err ? err : libc("127.0.0.1", service, hints, &(*ret)->ai_next);
    }
    return libc(host, service, hints, ret);
}

#endif
