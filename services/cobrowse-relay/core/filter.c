/*
 * One pass over the text with a small stack.  A level of the stack knows what it is (a node, a list
 * of children, a map of attributes ...) by the key under which it began, and gathers what can only
 * be judged when it ends: an iframe may name its src before or after its tag.
 *
 * Tags and attributes are checked wherever they appear, not only where rrweb puts them; node ids
 * only where rrweb puts them, and handed to filter_page.c.
 */
#include "core/filter_page.h"
#include "core/json.h"

#define ID_MAX (1 << 24)

enum place {
    OTHER,
    TOP,      /* {"t","seq","d"} */
    EVENT,    /* d */
    DATA,     /* d.data */
    NODE,     /* a node with its children */
    CHILDREN, /* its childNodes */
    ADDS,
    ADD,
    REMOVES,
    REMOVE,
    TEXTS,
    TEXT,
    CHANGES,
    CHANGE,
    ATTRIBUTES,
};

/* What a level has shown so far. */
enum seen {
    SEEN_T = 1,
    SEEN_SEQ = 2,
    SEEN_D = 4,
    SEEN_TYPE = 8,
    SEEN_DATA = 16,
    SEEN_SOURCE = 32,
    SEEN_TAG = 64,
    SEEN_ID = 128,
    IFRAME = 256,  /* its tagName */
    HAS_SRC = 512, /* its attributes have src */
};

struct level {
    uint8_t place;
    uint16_t seen;
    int32_t id;
};

struct walk {
    struct filter_page *page;
    struct filter_frame frame;
    int64_t type, source;
    size_t depth;
    struct level levels[JSON_DEPTH_MAX + 1];
    struct tl_str key; /* plain; of the value that comes */
    char key_text[40];
};

static const char *const verdict_names[] = {"pass", "junk",  "type",  "script", "handler",
                                            "url",  "frame", "nodes", "stray"};

const char *filter_verdict_name(enum filter_verdict v)
{
    return (size_t)v < TL_LEN(verdict_names) ? verdict_names[v] : "junk";
}

/* ---- names and values ---- */

static bool is_any(struct tl_str s, const char *const *words)
{
    for (; *words; words++)
        if (tl_str_ieq(s, tl_str(*words)))
            return true;
    return false;
}

/* Browsers ignore blanks and control characters before and inside the scheme. */
static bool is_script_url(struct tl_str value)
{
    static const char *const schemes[] = {"javascript:", "vbscript:", "data:text/html", NULL};
    char text[16];
    size_t n = 0, at = 0;
    int32_t c;

    while (n < sizeof(text) && (c = json_char(value, &at)) >= 0)
        if (c > 0x20)
            text[n++] = c < 0x80 ? (char)c : '?';
    for (const char *const *s = schemes; *s; s++)
        if (n >= strlen(*s) && tl_str_ieq((struct tl_str){text, strlen(*s)}, tl_str(*s)))
            return true;
    return false;
}

static enum filter_verdict check_attribute(struct level *at, struct tl_str name,
                                           struct tl_str value)
{
    static const char *const urls[] = {"href", "src",    "action",     "formaction", "xlink:href",
                                       "data", "poster", "background", "rr_src",     NULL};

    if (name.n > 2 && tl_str_ieq((struct tl_str){name.s, 2}, TL_STR("on")))
        return FILTER_HANDLER;
    if (tl_str_ieq(name, TL_STR("srcdoc")))
        return FILTER_FRAME;
    if (tl_str_ieq(name, TL_STR("src")) && value.n)
        at->seen |= HAS_SRC;
    return is_any(name, urls) && is_script_url(value) ? FILTER_URL : FILTER_PASS;
}

static enum filter_verdict check_tag(struct level *at, struct tl_str tag)
{
    static const char *const frames[] = {"iframe", "frame", NULL};
    char text[24];
    struct tl_str plain = json_plain(tag, text, sizeof(text));

    if (at->seen & SEEN_TAG)
        return FILTER_JUNK;
    at->seen |= SEEN_TAG;
    if (tl_str_ieq(plain, TL_STR("script")) || tl_str_ieq(plain, TL_STR("svg:script")))
        return FILTER_SCRIPT;
    if (is_any(plain, frames))
        at->seen |= IFRAME;
    return FILTER_PASS;
}

/* The same key twice means one thing to us and another to the browser. */
static bool once(struct level *at, enum seen what)
{
    bool first = !(at->seen & what);

    at->seen |= (uint16_t)what;
    return first;
}

static bool is(const struct walk *w, const char *key)
{
    return tl_str_eq(w->key, tl_str(key));
}

static bool event_ok(const struct walk *w)
{
    if (w->frame.full)
        return w->type == 2;
    if (w->type == 3)
        return w->source >= 0 && w->source <= 16 && w->source != 9; /* 9 draws on a canvas */
    return w->type == 0 || w->type == 1 || w->type == 4 || w->type == 5;
}

/* ---- the walk ---- */

static enum filter_verdict check_string(struct walk *w, struct tl_str value)
{
    struct level *at = &w->levels[w->depth];
    char text[8];

    if (is(w, "tagName"))
        return check_tag(at, value);
    if (at->place == ATTRIBUTES)
        return check_attribute(at, w->key, value);
    if (at->place == TOP && is(w, "t")) {
        struct tl_str t = json_plain(value, text, sizeof(text));
        w->frame.full = tl_str_eq(t, TL_STR("full"));
        if (!once(at, SEEN_T) || (!w->frame.full && !tl_str_eq(t, TL_STR("ev"))))
            return FILTER_JUNK;
    }
    return FILTER_PASS;
}

static enum filter_verdict note_id(struct walk *w, struct level *at, struct tl_str number)
{
    struct filter_page *p = w->page;
    bool self = is(w, "id"), parent = is(w, "parentId");
    bool ok = true;
    int64_t id;

    if (at->place != NODE && at->place != ADD && at->place != REMOVE && at->place != TEXT &&
        at->place != CHANGE)
        return FILTER_PASS;
    if (!self && !parent)
        return FILTER_PASS;
    if (!json_int(number, 0, ID_MAX - 1, &id) || (self && !once(at, SEEN_ID)))
        return FILTER_NODES;
    if (self)
        at->id = (int32_t)id;
    if (at->place == REMOVE && self)
        ok = filter_page_removes(p, (uint32_t)id);
    if (ok && at->place != NODE)
        ok = filter_page_needs(p, (uint32_t)id);
    return ok ? FILTER_PASS : FILTER_NODES;
}

static enum filter_verdict check_number(struct walk *w, struct tl_str number)
{
    struct level *at = &w->levels[w->depth];

    if (at->place == TOP && is(w, "seq"))
        return once(at, SEEN_SEQ) && json_int(number, 1, (int64_t)1 << 53, &w->frame.seq)
                   ? FILTER_PASS
                   : FILTER_JUNK;
    if (at->place == EVENT && is(w, "type"))
        return once(at, SEEN_TYPE) && json_int(number, 0, 1000, &w->type) ? FILTER_PASS
                                                                          : FILTER_TYPE;
    if (at->place == DATA && is(w, "source"))
        return once(at, SEEN_SOURCE) && json_int(number, 0, 1000, &w->source) ? FILTER_PASS
                                                                              : FILTER_TYPE;
    return note_id(w, at, number);
}

static enum place place_of_object(const struct walk *w, enum place in)
{
    if (is(w, "attributes"))
        return ATTRIBUTES;
    switch (in) {
    case TOP: return is(w, "d") ? EVENT : OTHER;
    case EVENT: return is(w, "data") ? DATA : OTHER;
    case DATA:
    case ADD: return is(w, "node") ? NODE : OTHER;
    case CHILDREN: return NODE;
    case ADDS: return ADD;
    case REMOVES: return REMOVE;
    case TEXTS: return TEXT;
    case CHANGES: return CHANGE;
    default: return OTHER;
    }
}

static enum place place_of_array(const struct walk *w, enum place in)
{
    if (in == NODE)
        return is(w, "childNodes") ? CHILDREN : OTHER;
    if (in != DATA)
        return OTHER;
    return is(w, "adds")         ? ADDS
           : is(w, "removes")    ? REMOVES
           : is(w, "texts")      ? TEXTS
           : is(w, "attributes") ? CHANGES
                                 : OTHER;
}

static enum filter_verdict enter(struct walk *w, bool object)
{
    struct level *in = &w->levels[w->depth];
    enum place place = object ? place_of_object(w, (enum place)in->place)
                              : place_of_array(w, (enum place)in->place);

    if (w->depth == 0)
        place = object ? TOP : OTHER;
    if ((place == EVENT && !once(in, SEEN_D)) || (place == DATA && !once(in, SEEN_DATA)))
        return FILTER_JUNK;
    w->levels[++w->depth] = (struct level){.place = (uint8_t)place, .id = -1};
    w->key = (struct tl_str){0};
    return FILTER_PASS;
}

static enum filter_verdict leave(struct walk *w)
{
    struct level *at = &w->levels[w->depth--], *in = &w->levels[w->depth];
    struct filter_page *p = w->page;

    w->key = (struct tl_str){0};
    if (at->place == ATTRIBUTES && (at->seen & HAS_SRC))
        in->seen |= HAS_SRC;
    if ((at->seen & IFRAME) && (at->seen & HAS_SRC))
        return FILTER_FRAME;
    if (at->place == CHANGE && (at->seen & HAS_SRC) && at->id >= 0 &&
        filter_page_is_iframe(p, (uint32_t)at->id))
        return FILTER_FRAME;
    if (at->place == NODE) {
        if (at->id < 0)
            return FILTER_JUNK;
        if (!filter_page_brings(p, (uint32_t)at->id, at->seen & IFRAME))
            return FILTER_NODES;
    }
    return FILTER_PASS;
}

static enum filter_verdict step(struct walk *w, enum json_token t, struct tl_str text)
{
    switch (t) {
    case JSON_OBJECT: return enter(w, true);
    case JSON_ARRAY: return enter(w, false);
    case JSON_OBJECT_END:
    case JSON_ARRAY_END: return leave(w);
    case JSON_KEY: w->key = json_plain(text, w->key_text, sizeof(w->key_text)); return FILTER_PASS;
    case JSON_STRING: return check_string(w, text);
    case JSON_NUMBER: return check_number(w, text);
    default: return FILTER_PASS;
    }
}

static enum filter_verdict walk(struct walk *w, struct tl_str frame)
{
    enum filter_verdict v = FILTER_PASS;
    enum json_token t;
    struct json j;

    w->type = w->source = -1;
    w->levels[0] = (struct level){.place = OTHER};
    json_init(&j, frame);
    while (v == FILTER_PASS && (t = json_next(&j)) > JSON_END)
        v = step(w, t, j.text);
    if (v != FILTER_PASS)
        return v;
    /* leave() puts what TOP saw nowhere: it is still in the slot above */
    if (t == JSON_BAD ||
        (w->levels[1].seen & (SEEN_T | SEEN_SEQ | SEEN_D)) != (SEEN_T | SEEN_SEQ | SEEN_D))
        return FILTER_JUNK;
    return event_ok(w) ? FILTER_PASS : FILTER_TYPE;
}

enum filter_verdict filter_customer(struct filter_page *page, struct tl_str frame,
                                    struct filter_frame *ret)
{
    struct walk w = {.page = page};
    enum filter_verdict v;

    filter_page_begin(page);
    v = walk(&w, frame);
    if (v == FILTER_PASS)
        v = filter_page_commit(page, w.frame.full);
    *ret = w.frame;
    return v;
}

/* Stops at the event: t and seq in any order around it are found, the event is only skipped over.
 */
enum filter_verdict filter_peek(struct tl_str frame, struct filter_frame *ret)
{
    struct tl_str key = {0}, t = {0};
    enum json_token token;
    struct json j;
    int64_t seq = 0;
    char text[8];

    json_init(&j, frame);
    while ((token = json_next(&j)) > JSON_END) {
        if (token == JSON_KEY && j.depth == 1)
            key = j.text;
        else if (token == JSON_STRING && j.depth == 1 && tl_str_eq(key, TL_STR("t")))
            t = json_plain(j.text, text, sizeof(text));
        else if (token == JSON_NUMBER && j.depth == 1 && tl_str_eq(key, TL_STR("seq")) &&
                 !json_int(j.text, 1, (int64_t)1 << 53, &seq))
            return FILTER_JUNK;
        if (t.n && seq)
            break;
    }
    *ret = (struct filter_frame){.full = tl_str_eq(t, TL_STR("full")), .seq = seq};
    return seq && (ret->full || tl_str_eq(t, TL_STR("ev"))) ? FILTER_PASS : FILTER_JUNK;
}
