#include "core/ports.h"

#include <tl_str.h>

int ports_parse(const char *text, uint16_t *ret_first, uint16_t *ret_last)
{
    struct tl_str rest = tl_str(text), part = {0};
    int64_t first, last;

    tl_str_split(&rest, '-', &part);
    if (tl_str_int(part, 1024, 65535, &first) || tl_str_int(rest, 1024, 65535, &last) ||
        first % 2 || last <= first)
        return -EINVAL;
    *ret_first = (uint16_t)first;
    *ret_last = (uint16_t)last;
    return 0;
}
