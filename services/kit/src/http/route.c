/* Paths: "/v1/contacts/{id}" and "/assets/{rest*}".  Pure. */
#include <tl_str.h>

#include "http.h"

bool http_route_match(const char *pattern, struct tl_str path, struct http_match *ret)
{
    const char *p = pattern, *s = path.s, *end = path.s + path.n;

    *ret = (struct http_match){0};
    while (*p) {
        const char *close, *from = s;
        bool rest;

        if (*p != '{') {
            if (s == end || *s != *p)
                return false;
            ret->literal++;
            p++;
            s++;
            continue;
        }
        close = strchr(p, '}');
        if (!close || ret->n == HTTP_PARAMS)
            return false;
        rest = close[-1] == '*';
        while (s < end && (rest || *s != '/'))
            s++;
        if (s == from && !rest)
            return false; /* "/v1/contacts/" is no contact */
        ret->params[ret->n++] = (struct http_param){
            .name = {p + 1, (size_t)(close - p) - (rest ? 2 : 1)},
            .value = {from, (size_t)(s - from)},
        };
        p = close + 1;
    }
    return s == end;
}
