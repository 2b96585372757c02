/*
 * The list of STUN servers, taken apart at its commas.
 */
#include "ice.h"
#include <errno.h>
#include <tl_str.h>

static bool is_stun(struct tl_str url)
{
    return (tl_str_starts(url, TL_STR("stun:")) && url.n > 5) ||
           (tl_str_starts(url, TL_STR("stuns:")) && url.n > 6);
}

int ice_servers_read(struct ice_servers *ret, const char *text)
{
    struct tl_str rest = tl_str(text), part, kept[ICE_SERVERS_MAX];
    size_t n = 0;

    while (tl_str_split(&rest, ',', &part)) {
        part = tl_str_trim(part);
        if (!part.n)
            continue;
        if (n == ICE_SERVERS_MAX || part.n >= ICE_URL_MAX || !is_stun(part))
            return -EINVAL;
        kept[n++] = part;
    }
    for (size_t i = 0; i < n; i++) {
        (void)tl_str_put(ret->url[i], sizeof(ret->url[i]), kept[i]); /* its length is checked */
        ret->at[i] = ret->url[i];
    }
    ret->n = n;
    return 0;
}
