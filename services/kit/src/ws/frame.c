/* WebSocket frames and the text in them (RFC 6455).  Pure. */
#include <openssl/evp.h>
#include <tl_ws_frame.h>

static bool known_op(unsigned op)
{
    return op <= TL_WS_BINARY || (op >= TL_WS_CLOSE && op <= TL_WS_PONG);
}

static uint64_t big_endian(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

int tl_ws_head_parse(struct tl_ws_head *ret, const uint8_t *p, size_t n)
{
    struct tl_ws_head h = {.head_size = 2};
    unsigned small;

    if (n < 1)
        return 0;
    h.fin = p[0] & 0x80;
    h.op = (enum tl_ws_op)(p[0] & 0x0f);
    if ((p[0] & 0x70) || !known_op(h.op) || (h.op >= TL_WS_CLOSE && !h.fin))
        return -EPROTO;
    if (n < 2)
        return 0;
    h.masked = p[1] & 0x80;
    small = p[1] & 0x7f;
    if (h.op >= TL_WS_CLOSE && small > 125)
        return -EPROTO;
    h.length = small;
    if (small >= 126) {
        size_t bytes = small == 126 ? 2 : 8;

        if (n < 2 + bytes)
            return 0;
        h.length = big_endian(p + 2, bytes);
        h.head_size += bytes;
        if (h.length < (small == 126 ? 126U : 65536U) || h.length >> 63)
            return -EPROTO; /* not the shortest form, or negative */
    }
    if (h.masked) {
        if (n < h.head_size + 4)
            return 0;
        memcpy(h.mask, p + h.head_size, 4);
        h.head_size += 4;
    }
    *ret = h;
    return 1;
}

size_t tl_ws_head_write(uint8_t out[14], enum tl_ws_op op, bool fin, uint64_t length,
                        const uint8_t *mask)
{
    uint8_t m = mask ? 0x80 : 0;
    size_t n = 2;

    out[0] = (uint8_t)((fin ? 0x80 : 0) | op);
    if (length < 126) {
        out[1] = (uint8_t)(m | length);
    } else {
        size_t bytes = length < 65536 ? 2 : 8;

        out[1] = (uint8_t)(m | (bytes == 2 ? 126 : 127));
        for (size_t i = 0; i < bytes; i++)
            out[2 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
        n += bytes;
    }
    if (mask) {
        memcpy(out + n, mask, 4);
        n += 4;
    }
    return n;
}

void tl_ws_mask(uint8_t *p, size_t n, const uint8_t mask[4], uint64_t offset)
{
    uint8_t turned[8];
    uint64_t wide, word;

    for (size_t i = 0; i < 8; i++)
        turned[i] = mask[(offset + i) & 3];
    memcpy(&wide, turned, 8);
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        word ^= wide;
        memcpy(p, &word, 8);
    }
    for (size_t i = 0; i < n; i++)
        p[i] ^= turned[i];
}

/* The state is what may come next: how many bytes of the sequence are missing, and the least and
 * most that the next may be (RFC 3629: only the second byte has bounds of its own). */
static uint32_t expect(unsigned missing, unsigned least, unsigned most)
{
    return missing | least << 8 | most << 16;
}

static bool utf8_lead(uint32_t *state, uint8_t c)
{
    if (c >= 0xc2 && c <= 0xdf)
        *state = expect(1, 0x80, 0xbf);
    else if (c >= 0xe0 && c <= 0xef)
        *state = expect(2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
    else if (c >= 0xf0 && c <= 0xf4)
        *state = expect(3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
    else
        return c < 0x80;
    return true;
}

bool tl_ws_utf8_step(uint32_t *state, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint64_t word;
        unsigned missing = *state & 0xff;

        if (!missing && n - i >= 8) {
            memcpy(&word, p + i, 8);
            if (!(word & 0x8080808080808080ULL)) {
                i += 8;
                continue;
            }
        }
        if (!missing) {
            if (!utf8_lead(state, p[i]))
                return false;
        } else {
            if (p[i] < ((*state >> 8) & 0xff) || p[i] > ((*state >> 16) & 0xff))
                return false;
            *state = missing > 1 ? expect(missing - 1, 0x80, 0xbf) : 0;
        }
        i++;
    }
    return true;
}

bool tl_ws_utf8_end(uint32_t state)
{
    return state == 0;
}

bool tl_ws_code_ok(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/* 16 bytes in base64: 22 characters, of which the last has only its two top bits, and "==". */
static bool is_key(struct tl_str key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    if (key.n != 24 || key.s[22] != '=' || key.s[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (!key.s[i] || !strchr(alphabet, key.s[i]))
            return false;
    return strchr("AQgw", key.s[21]) != NULL;
}

bool tl_ws_accept_key(char out[29], struct tl_str key)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[24 + sizeof(guid) - 1], digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (!is_key(key))
        return false;
    memcpy(text, key.s, 24);
    memcpy(text + 24, guid, sizeof(guid) - 1);
    if (EVP_Digest(text, sizeof(text), digest, &n, EVP_sha1(), NULL) != 1 || n != 20)
        return false;
    return EVP_EncodeBlock((unsigned char *)out, digest, 20) == 28;
}
