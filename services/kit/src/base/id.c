/* ULIDs and short text ids. */
#include <tl_id.h>

static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford */

struct tl_id tl_id_ulid(tl_time now, const uint8_t random[10])
{
    uint64_t ms = (uint64_t)(now / 1000);
    struct tl_id id = {0};
    unsigned __int128 bits = ms & 0xffffffffffffULL;

    for (int i = 0; i < 10; i++)
        bits = bits << 8 | random[i];
    for (int i = 25; i >= 0; i--, bits >>= 5)
        id.s[i] = base32[(unsigned)bits & 31];
    return id;
}

static bool id_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
}

int tl_id_parse(struct tl_id *ret, struct tl_str text)
{
    struct tl_id id = {0};

    if (text.n == 0 || text.n > TL_ID_MAX)
        return -EINVAL;
    for (size_t i = 0; i < text.n; i++) {
        if (!id_byte(text.s[i]))
            return -EINVAL;
        id.s[i] = text.s[i];
    }
    *ret = id;
    return 0;
}

int tl_id_parse_ulid(struct tl_id *ret, struct tl_str text)
{
    struct tl_id id = {0};

    if (text.n != 26 || text.s[0] > '7')
        return -EINVAL;
    for (size_t i = 0; i < text.n; i++) {
        if (!text.s[i] || !strchr(base32, text.s[i]))
            return -EINVAL;
        id.s[i] = text.s[i];
    }
    *ret = id;
    return 0;
}
