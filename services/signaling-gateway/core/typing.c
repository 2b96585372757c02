/* One spelling of one frame, byte by byte. */
#include "typing.h"

#define CONTACT_N 26
#define ID_MAX    64

static bool eat(struct tl_str *s, struct tl_str what)
{
    if (!tl_str_starts(*s, what))
        return false;
    s->s += what.n;
    s->n -= what.n;
    return true;
}

/* Up to the next quote; only bytes that JSON does not escape. */
static bool eat_word(struct tl_str *s, size_t max, struct tl_str *ret)
{
    size_t n = 0;

    while (n < s->n && n < max &&
           ((s->s[n] >= '0' && s->s[n] <= '9') || (s->s[n] >= 'A' && s->s[n] <= 'Z') ||
            (s->s[n] >= 'a' && s->s[n] <= 'z') || s->s[n] == '-' || s->s[n] == '_'))
        n++;
    *ret = (struct tl_str){.s = s->s, .n = n};
    s->s += n;
    s->n -= n;
    return n > 0;
}

bool typing_read(struct typing *ret, struct tl_str json)
{
    struct typing t = {0};

    if (!eat(&json, TL_STR("{")))
        return false;
    if (eat(&json, TL_STR("\"id\":\"")) &&
        (!eat_word(&json, ID_MAX, &t.id) || !eat(&json, TL_STR("\","))))
        return false;
    if (!eat(&json, TL_STR("\"typing\":{\"contact_id\":\"")) ||
        !eat_word(&json, CONTACT_N, &t.contact) || t.contact.n != CONTACT_N ||
        !eat(&json, TL_STR("\",\"on\":")))
        return false;
    t.on = eat(&json, TL_STR("true"));
    if ((!t.on && !eat(&json, TL_STR("false"))) || !tl_str_eq(json, TL_STR("}}")))
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
