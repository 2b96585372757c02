/**
 * @file label.c  What a successor of this process needs to know of a seat, as text on the seat
 * itself.
 *
 *   s=<session> t=<thread> a=<agent> e=<epoch> o=<order> f=<flags> m=<music> p=<names,...>
 *   l=<leg>,<handle>,<state>   who sits on it
 *   c=… v=…   camera and its view;   d=… w=…   screen and its view
 *
 * Flags: h held, j joined, n announced.  State: 0 setting up, 1 up.  Words that are not known are
 * passed over, so that an older or newer relay can adopt the seats too.
 */
#include "core/legs_inner.h"

#include <stdio.h>
#include <tl_buf.h>

static void write_leg(struct tl_buf *b, char word, const struct leg *leg)
{
    if (leg)
        tl_buf_printf(b, "%c=%s,%llu,%d ", word, leg->id.s, (unsigned long long)leg->handle,
                      leg->state == LEG_UP);
}

static void write_contact(struct tl_buf *b, const struct contact *c)
{
    tl_buf_printf(b, "s=%s t=%s a=%s e=%llu o=%llu f=%s%s%s m=%s p=", c->session.s, c->thread.s,
                  c->agent.s, (unsigned long long)c->epoch, (unsigned long long)c->order,
                  c->held ? "h" : "", c->joined ? "j" : "", c->announced ? "n" : "", c->music);
    for (const char *p = c->announcements; *p; p++)
        tl_buf_putc(b, *p == ' ' ? ',' : *p);
    tl_buf_putc(b, ' ');
    for (int i = 0; i < 2; i++) {
        write_leg(b, "cd"[i], c -> published[i]);
        write_leg(b, "vw"[i], c -> published[i] ? c -> published[i] -> view : NULL);
    }
}

void label_write(const struct seat *s, char out[LEGS_LABEL])
{
    struct tl_buf b = TL_BUF(LEGS_LABEL - 1);

    out[0] = '\0';
    if (s->contact)
        write_contact(&b, s->contact);
    write_leg(&b, 'l', s->leg);
    if (!b.err && b.n)
        memcpy(out, b.p, b.n + 1);
    tl_buf_done(&b); /* out of memory: an empty label, and a successor asks for new offers */
}

static int read_leg(struct legs *g, struct tl_str value, enum legs_kind kind, struct leg **ret)
{
    struct tl_str id = {0}, handle = {0};
    struct tl_id parsed;
    int64_t number, up;
    struct leg *leg;

    tl_str_split(&value, ',', &id);
    tl_str_split(&value, ',', &handle);
    if (tl_id_parse(&parsed, id) || tl_str_int(handle, 0, INT64_MAX, &number) ||
        tl_str_int(value, 0, 1, &up))
        return -EBADMSG;
    leg = leg_make(g, &parsed, kind);
    if (!leg)
        return -EBADMSG; /* or out of memory; either way it is not adopted */
    leg->handle = (uint64_t)number;
    leg->state = up ? LEG_UP : LEG_SETTING_UP;
    *ret = leg;
    return 0;
}

static int read_number(struct tl_str value, uint64_t *ret)
{
    int64_t n;
    int err = tl_str_int(value, 0, INT64_MAX, &n);

    if (!err)
        *ret = (uint64_t)n;
    return err;
}

static void read_flags(struct contact *c, struct tl_str value)
{
    for (size_t i = 0; i < value.n; i++) {
        c->held |= value.s[i] == 'h';
        c->joined |= value.s[i] == 'j';
        c->announced |= value.s[i] == 'n';
    }
}

static int read_id(struct tl_str value, struct tl_id *ret)
{
    return value.n ? tl_id_parse(ret, value) : 0;
}

static int read_contact_word(struct contact *c, char word, struct tl_str value)
{
    switch (word) {
    case 's': return read_id(value, &c->session);
    case 't': return read_id(value, &c->thread);
    case 'a': return read_id(value, &c->agent);
    case 'e': return read_number(value, &c->epoch);
    case 'o': return read_number(value, &c->order);
    case 'f': read_flags(c, value); return 0;
    case 'm': return tl_str_put(c->music, sizeof c->music, value) ? 0 : -EBADMSG;
    case 'p':
        if (!tl_str_put(c->announcements, sizeof c->announcements, value))
            return -EBADMSG;
        for (char *p = c->announcements; *p; p++)
            if (*p == ',')
                *p = ' ';
        return 0;
    }
    return 0;
}

/* The legs of a seat, put where they belong. */
static void place_legs(struct legs *g, struct seat *s, struct leg *audio, struct leg *pub[2],
                       struct leg *view[2])
{
    struct contact *c = s->contact;

    if (audio) {
        audio->seat = s;
        audio->contact = c;
        audio->agent = s->agent;
        s->leg = audio;
        decide_leg(g, LEGS_DO_WATCH, audio, "");
    }
    for (int i = 0; c && i < 2; i++) {
        if (!pub[i])
            continue;
        c->published[i] = pub[i];
        pub[i]->contact = c;
        pub[i]->agent = c->agent;
        decide_leg(g, LEGS_DO_WATCH, pub[i], "");
        if (!view[i] || pub[i]->state != LEG_UP)
            continue; /* only what is up is viewed; legs.c relies on it */
        view[i]->contact = c;
        view[i]->feed = pub[i];
        pub[i]->view = view[i];
        decide_leg(g, LEGS_DO_WATCH, view[i], "");
    }
}

static int read_words(struct legs *g, struct contact *c, const char *label, struct leg *legs[5])
{
    static const struct {
        char word;
        enum legs_kind kind;
    } slots[5] = {{'l', LEGS_AUDIO},
                  {'c', LEGS_CAMERA},
                  {'d', LEGS_SCREEN},
                  {'v', LEGS_VIEW},
                  {'w', LEGS_VIEW}};
    struct tl_str rest = tl_str(label), word;

    while (tl_str_split(&rest, ' ', &word)) {
        struct tl_str value = {word.s + 2, word.n - 2};
        int err = 0;

        if (word.n == 0)
            continue;
        if (word.n < 2 || word.s[1] != '=')
            return -EBADMSG;
        for (int i = 0; i < 5; i++)
            if (word.s[0] == slots[i].word && !legs[i])
                err = read_leg(g, value, slots[i].kind, &legs[i]);
        if (!err && c)
            err = read_contact_word(c, word.s[0], value);
        if (err)
            return err;
    }
    return 0;
}

int label_adopt(struct legs *g, const char *key, const char *label)
{
    struct leg *legs[5] = {0};
    struct contact *c = NULL;
    struct seat *s = NULL;
    struct tl_id id;
    int err;

    if (seat_find(g, key))
        return 0; /* known already */
    if (tl_str_starts(tl_str(key), TL_STR("contact:")) && !tl_id_parse(&id, tl_str(key + 8))) {
        c = contact_make(g, &id);
        s = c ? c->seat : NULL;
    } else if (tl_str_starts(tl_str(key), TL_STR("agent:")) && !tl_id_parse(&id, tl_str(key + 6))) {
        s = seat_make(g, key, NULL, &id);
    } else {
        return -EBADMSG;
    }
    if (!s)
        return -ENOMEM;
    err = read_words(g, c, label, legs);
    if (!err && (!c || !tl_id_empty(&c->session))) {
        place_legs(g, s, legs[0], &legs[1], &legs[3]);
        if (c && c->order > g->connects)
            g->connects = c->order;
        /* A leg whose place is gone (a view without its feed) has no owner. */
        for (int i = 0; i < 5; i++)
            if (legs[i] && !legs[i]->seat && !legs[i]->contact)
                leg_drop(g, legs[i]);
        return 0;
    }
    for (int i = 0; i < 5; i++)
        if (legs[i])
            leg_drop(g, legs[i]);
    if (c)
        contact_drop(g, c);
    else
        seat_drop(g, s);
    return -EBADMSG;
}
