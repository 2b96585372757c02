/* ULIDs, short text ids, and the trace ids that follow from ULIDs. */
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

/* The 128 bits of a ULID. */
static bool ulid_bits(unsigned __int128 *ret, struct tl_str text)
{
    unsigned __int128 bits = 0;
    struct tl_id id;

    if (tl_id_parse_ulid(&id, text))
        return false;
    for (const char *c = id.s; *c; c++)
        bits = bits << 5 | (unsigned)(strchr(base32, *c) - base32);
    *ret = bits;
    return bits != 0;
}

tl_time tl_id_time(struct tl_str ulid)
{
    unsigned __int128 bits;

    return ulid_bits(&bits, ulid) ? (tl_time)(bits >> 80) * 1000 : 0;
}

/* The lowest digits of bits. */
static char *put_hex(char *at, unsigned __int128 bits, int digits)
{
    for (int i = digits - 1; i >= 0; i--, bits >>= 4)
        at[i] = "0123456789abcdef"[(unsigned)bits & 15];
    return at + digits;
}

void tl_trace_id(char ret[TL_TRACE_ID_N + 1], struct tl_str contact_id)
{
    unsigned __int128 bits;

    *(ulid_bits(&bits, contact_id) ? put_hex(ret, bits, TL_TRACE_ID_N) : ret) = '\0';
}

bool tl_trace_parent(char ret[TL_TRACE_PARENT_N + 1], struct tl_str contact_id,
                     struct tl_str event_id)
{
    unsigned __int128 trace, span;
    char *at = ret;

    *ret = '\0';
    if (!ulid_bits(&trace, contact_id) || !ulid_bits(&span, event_id))
        return false;
    memcpy(at, "00-", 3);
    at = put_hex(at + 3, trace, TL_TRACE_ID_N);
    *at++ = '-';
    at = put_hex(at, span | !(uint64_t)span, 16); /* an all-zero span would not be valid */
    memcpy(at, "-01", 4);
    return true;
}
