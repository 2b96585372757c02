/*
 * What an agent may put onto a customer's page: a pointer, a drawing, a highlighted node, nothing.
 * Every key is known, every number is finite and small, so the customer's browser may trust them.
 */
#include "core/filter.h"
#include "core/json.h"
#include <math.h>

#define FRAME_MAX  (64 * 1024)
#define POINTS_MAX 2000
#define FAR        1e6 /* farther than any page reaches [CSS px] */

enum kind { POINTER = 1, DRAW = 2, CLEAR = 4, HIGHLIGHT = 8 };

struct agent_frame {
    struct json j;
    unsigned kinds; /* still possible by the keys so far */
    unsigned seen;  /* a bit for each key */
    unsigned kind;
};

enum key {
    KEY_T = 1,
    KEY_X = 2,
    KEY_Y = 4,
    KEY_NODE = 8,
    KEY_ID = 16,
    KEY_POINTS = 32,
    KEY_COLOR = 64,
    KEY_W = 128
};

static const struct {
    const char *name;
    enum key key;
    unsigned kinds;
} keys[] = {
    {"t", KEY_T, POINTER | DRAW | CLEAR | HIGHLIGHT},
    {"x", KEY_X, POINTER},
    {"y", KEY_Y, POINTER},
    {"node", KEY_NODE, POINTER | HIGHLIGHT},
    {"id", KEY_ID, DRAW},
    {"points", KEY_POINTS, DRAW},
    {"color", KEY_COLOR, DRAW},
    {"w", KEY_W, DRAW},
};

static const struct {
    const char *name;
    enum kind kind;
    unsigned needs;
} kinds[] = {
    {"pointer", POINTER, KEY_X | KEY_Y},
    {"draw", DRAW, KEY_ID | KEY_POINTS | KEY_COLOR | KEY_W},
    {"clear", CLEAR, 0},
    {"highlight", HIGHLIGHT, KEY_NODE},
};

static bool only(struct tl_str s, size_t most, const char *allowed)
{
    if (s.n == 0 || s.n > most)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!s.s[i] || !strchr(allowed, s.s[i]))
            return false;
    return true;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool number_within(struct json *j, double min, double max)
{
    double v;

    return json_next(j) == JSON_NUMBER && json_double(j->text, &v) && v >= min && v <= max;
}

static bool points(struct json *j)
{
    enum json_token t;
    size_t n = 0;

    if (json_next(j) != JSON_ARRAY)
        return false;
    while ((t = json_next(j)) == JSON_ARRAY && n++ < POINTS_MAX)
        if (!number_within(j, -FAR, FAR) || !number_within(j, -FAR, FAR) ||
            json_next(j) != JSON_ARRAY_END)
            return false;
    return t == JSON_ARRAY_END;
}

static bool read_kind(struct agent_frame *f)
{
    if (json_next(&f->j) != JSON_STRING)
        return false;
    for (size_t i = 0; i < TL_LEN(kinds); i++)
        if (tl_str_eq(f->j.text, tl_str(kinds[i].name)))
            f->kind = (unsigned)i + 1;
    return f->kind != 0;
}

static bool value(struct agent_frame *f, enum key key)
{
    int64_t node;

    switch (key) {
    case KEY_T: return read_kind(f);
    case KEY_X:
    case KEY_Y: return number_within(&f->j, -FAR, FAR);
    case KEY_NODE:
        return json_next(&f->j) == JSON_NUMBER && json_int(f->j.text, 0, INT32_MAX, &node);
    case KEY_ID: return json_next(&f->j) == JSON_STRING && only(f->j.text, 64, LETTERS "-_.");
    case KEY_POINTS: return points(&f->j);
    case KEY_COLOR:
        return json_next(&f->j) == JSON_STRING && only(f->j.text, 32, LETTERS "#(),.% ");
    case KEY_W: return number_within(&f->j, 0.1, 100);
    }
    return false;
}

static bool member(struct agent_frame *f)
{
    for (size_t i = 0; i < TL_LEN(keys); i++) {
        if (!tl_str_eq(f->j.text, tl_str(keys[i].name)))
            continue;
        if (f->seen & keys[i].key)
            return false;
        f->seen |= keys[i].key;
        f->kinds &= keys[i].kinds;
        return value(f, keys[i].key);
    }
    return false;
}

enum filter_verdict filter_agent(struct tl_str frame)
{
    struct agent_frame f = {.kinds = POINTER | DRAW | CLEAR | HIGHLIGHT};
    enum json_token t;

    json_init(&f.j, frame);
    if (frame.n > FRAME_MAX || json_next(&f.j) != JSON_OBJECT)
        return FILTER_JUNK;
    while ((t = json_next(&f.j)) == JSON_KEY)
        if (!member(&f))
            return FILTER_JUNK;
    if (t != JSON_OBJECT_END || json_next(&f.j) != JSON_END || !f.kind)
        return FILTER_JUNK;
    if (!(f.kinds & kinds[f.kind - 1].kind) ||
        (f.seen & kinds[f.kind - 1].needs) != kinds[f.kind - 1].needs)
        return FILTER_JUNK;
    return FILTER_PASS;
}
