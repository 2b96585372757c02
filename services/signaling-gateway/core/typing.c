/* One spelling of one frame, byte by byte. */
#include "typing.h"

#define CONTACT_N 26
#define ID_MAX    64

/* Inlined with a literal, so that a comparison is a few instructions. */
static inline bool eat(struct tl_str *s, const char *what, size_t n)
{
    if (s->n < n || memcmp(s->s, what, n) != 0)
        return false;
    s->s += n;
    s->n -= n;
    return true;
}

#define EAT(s, literal) eat(s, literal, sizeof(literal) - 1)

/* Letters, digits and "-_", which JSON does not escape. */
static bool plain(char c)
{
    return (unsigned char)((c | 32) - 'a') < 26 || (unsigned char)(c - '0') < 10 || c == '-' ||
           c == '_';
}

static bool eat_id(struct tl_str *s, struct tl_str *ret)
{
    size_t n = 0, most = TL_LOWER(s->n, (size_t)ID_MAX);

    while (n < most && plain(s->s[n]))
        n++;
    *ret = (struct tl_str){.s = s->s, .n = n};
    s->s += n;
    s->n -= n;
    return n > 0;
}

bool typing_read(struct typing *ret, struct tl_str json)
{
    struct typing t = {0};

    if (EAT(&json, "{\"id\":\"")) {
        if (!eat_id(&json, &t.id) || !EAT(&json, "\","))
            return false;
    } else if (!EAT(&json, "{")) {
        return false;
    }
    if (!EAT(&json, "\"typing\":{\"contact_id\":\"") || json.n < CONTACT_N)
        return false;
    t.contact = (struct tl_str){.s = json.s, .n = CONTACT_N};
    json.s += CONTACT_N;
    json.n -= CONTACT_N;
    if (!EAT(&json, "\",\"on\":"))
        return false;
    t.on = EAT(&json, "true");
    if ((!t.on && !EAT(&json, "false")) || json.n != 2 || memcmp(json.s, "}}", 2) != 0)
        return false;
    *ret = t;
    return true;
}

static size_t put(char *out, size_t at, struct tl_str s)
{
    memcpy(out + at, s.s, s.n);
    return at + s.n;
}

size_t typing_write(char out[TYPING_FRAME_MAX], const struct typing *t)
{
    size_t n = put(out, 0, TL_STR("{\"typing\":{\"contact_id\":\""));

    n = put(out, n, t->contact);
    return put(out, n, t->on ? TL_STR("\",\"on\":true}}") : TL_STR("\"}}"));
}

size_t typing_answer(char out[TYPING_FRAME_MAX], const struct typing *t)
{
    size_t n = put(out, 0, TL_STR("{\"in_reply_to\":\""));

    n = put(out, n, t->id);
    return put(out, n, TL_STR("\",\"ok\":{}}"));
}
