/* Whose X-Real-IP counts: a few IPv4 networks. */
#include <arpa/inet.h>

#include "http.h"

static int read_one(struct http_network *ret, struct tl_str text)
{
    char address[INET_ADDRSTRLEN];
    struct tl_str rest = text, part;
    struct in_addr a;
    int64_t bits = 32;

    if (!tl_str_split(&rest, '/', &part) || !tl_str_put(address, sizeof(address), part) ||
        inet_pton(AF_INET, address, &a) != 1)
        return -EINVAL;
    if (part.n < text.n && tl_str_int(rest, 0, 32, &bits))
        return -EINVAL;
    ret->mask = bits ? ~UINT32_C(0) << (32 - bits) : 0;
    ret->address = ntohl(a.s_addr) & ret->mask;
    return 0;
}

int http_proxies_read(struct http_proxies *ret, const char *text)
{
    struct http_proxies p = {0};
    struct tl_str rest = tl_str(text), part;

    while (tl_str_split(&rest, ' ', &part)) {
        part = tl_str_trim(part);
        if (!part.n)
            continue;
        if (p.n == TL_LEN(p.at) || read_one(&p.at[p.n], part))
            return -EINVAL;
        p.n++;
    }
    *ret = p;
    return 0;
}

bool http_proxies_have(const struct http_proxies *p, uint32_t address)
{
    for (unsigned i = 0; i < p->n; i++)
        if ((address & p->at[i].mask) == p->at[i].address)
            return true;
    return false;
}
