/* See bank.h. */
#include "bank.h"
#include <core/acd.h>
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>

#define MIDNIGHT   (TL_HOUR(24) * 10000)
#define NAMES_MOST 500

enum column {
    LINE,
    CALL,
    CUSTOMER,
    PRIORITY,
    TYPE,
    DATE,
    VRU_ENTRY,
    VRU_EXIT,
    VRU_TIME,
    Q_START,
    Q_EXIT,
    Q_TIME,
    OUTCOME,
    SER_START,
    SER_EXIT,
    SER_TIME,
    SERVER,
    COLUMNS
};

struct served {
    tl_time from, until;
    uint32_t agent, queue;
};

struct reader {
    struct bank_day *day;
    const char *name, *date;
    struct tl_buf *why;
    unsigned line;
    struct tl_str of[COLUMNS];
    struct served *served;
    size_t n_served;
};

static int complain(const struct reader *in, const char *reason)
{
    (void)tl_buf_printf(in->why, "%s:%u: %s\n", in->name, in->line, reason);
    return -EINVAL;
}

static int cut(struct reader *in, struct tl_str line)
{
    int n = 0;

    while (n < COLUMNS && tl_str_split(&line, '\t', &in->of[n]))
        n++;
    if (n < COLUMNS || line.n)
        return complain(in, "must have 17 columns parted by tabs");
    in->of[SERVER] = tl_str_trim(in->of[SERVER]);
    return 0;
}

static bool is(const struct reader *in, enum column c, const char *text)
{
    return tl_str_eq(in->of[c], tl_str(text));
}

static int clock_of(const struct reader *in, enum column c, tl_time *ret)
{
    struct tl_str rest = in->of[c], h = {0}, m = {0};
    int64_t hours, minutes, seconds;

    if (!tl_str_split(&rest, ':', &h) || !tl_str_split(&rest, ':', &m) ||
        tl_str_int(h, 0, 24, &hours) || tl_str_int(m, 0, 59, &minutes) ||
        tl_str_int(rest, 0, 59, &seconds))
        return complain(in, "has a time of day that is not like 9:05:00");
    *ret = MIDNIGHT + TL_HOUR(hours) + TL_MIN(minutes) + TL_SEC(seconds);
    return 0;
}

static int seconds_of(const struct reader *in, enum column c, tl_dur *ret)
{
    int64_t n;

    if (tl_str_int(in->of[c], 0, 86400, &n))
        return complain(in, "has a duration that is no number of seconds");
    *ret = TL_SEC(n);
    return 0;
}

static int name_of(struct reader *in, struct tl_str text, uint32_t *ret)
{
    struct record *r = in->day->record;

    for (*ret = 0; *ret < r->n_names; ++*ret)
        if (tl_str_eq(tl_id_str(&r->names[*ret]), text))
            return 0;
    if (r->n_names == NAMES_MOST || tl_id_parse(&r->names[r->n_names], text))
        return complain(in, "has a type or server that is no name, or is one too many");
    r->n_names++;
    return 0;
}

/* ---- one call ---- */

static int read_wait(struct reader *in, struct record_contact *c)
{
    int err = seconds_of(in, Q_TIME, &c->wait);

    return err ? err : clock_of(in, c->wait ? Q_START : VRU_EXIT, &c->at);
}

static int read_answered(struct reader *in, struct record_contact *c)
{
    struct served *s = &in->served[in->n_served];
    int err = seconds_of(in, SER_TIME, &c->talk);

    if (!err)
        err = clock_of(in, SER_START, &s->from);
    if (!err)
        err = name_of(in, in->of[SERVER], &s->agent);
    if (err)
        return err;
    c->end = RECORD_ANSWERED;
    c->released = true;
    if (c->talk == 0)
        return 0; /* connected and lost at once: no sign of the server's presence */
    s->until = s->from + c->talk;
    s->queue = c->queue;
    in->n_served++;
    return 0;
}

static int read_call(struct reader *in)
{
    struct record *r = in->day->record;
    struct record_contact c = {.channel = ACD_PHONE, .end = RECORD_ABANDONED};
    bool answered = is(in, OUTCOME, "AGENT"), hung_up = is(in, OUTCOME, "HANG");
    int64_t priority;
    int err;

    if (!answered && !hung_up && !is(in, OUTCOME, "PHANTOM"))
        return complain(in, "has an outcome other than AGENT, HANG and PHANTOM");
    if (tl_str_int(in->of[PRIORITY], 0, 2, &priority))
        return complain(in, "has a priority other than 0, 1 and 2");
    if (tl_id_parse(&c.id, in->of[CALL]))
        return complain(in, "has no call_id");
    c.priority = priority == 2;
    err = read_wait(in, &c);
    if (!err)
        err = name_of(in, in->of[TYPE], &c.queue);
    if (err)
        return err;
    if ((hung_up && c.wait == 0) || (answered && is(in, SERVER, "NO_SERVER")) ||
        (!hung_up && !answered)) {
        in->day->left_out++;
        return 0;
    }
    if (answered)
        err = read_answered(in, &c);
    if (!err)
        r->contacts[r->n_contacts++] = c;
    return err;
}

/* ---- servers ---- */

static int by_server(const void *a, const void *b)
{
    const struct served *x = a, *y = b;

    if (x->agent != y->agent)
        return x->agent < y->agent ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void be(struct record *r, tl_time at, uint32_t agent, uint8_t before, uint8_t now)
{
    r->presence[r->n_presence] = (struct record_presence){
        .at = at, .seq = r->n_presence, .agent = agent, .now = now, .before = before};
    r->n_presence++;
}

static void duties(struct reader *in)
{
    struct record *r = in->day->record;
    tl_time until = 0;

    for (size_t i = 0; i < in->n_served; i++) {
        const struct served *s = &in->served[i];
        bool first = i == 0 || s[-1].agent != s->agent;
        bool last = i + 1 == in->n_served || s[1].agent != s->agent;
        if (first)
            be(r, s->from, s->agent, ACD_OFFLINE, ACD_BUSY);
        else if (s->from > until) {
            bool away = s->from - until > BANK_BREAK;
            be(r, until, s->agent, ACD_BUSY, away ? ACD_NOT_READY : ACD_READY);
            be(r, s->from, s->agent, away ? ACD_NOT_READY : ACD_READY, ACD_BUSY);
        }
        until = first ? s->until : TL_HIGHER(until, s->until);
        if (last)
            be(r, until, s->agent, ACD_BUSY, ACD_OFFLINE);
    }
}

static int by_moment(const void *a, const void *b)
{
    const struct record_presence *x = a, *y = b;

    return x->at != y->at ? (x->at < y->at ? -1 : 1) : x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int by_arrival(const void *a, const void *b)
{
    const struct record_contact *x = a, *y = b;

    return x->at != y->at ? (x->at < y->at ? -1 : 1) : strcmp(x->id.s, y->id.s);
}

static bool is_queue(const struct record *r, uint32_t name)
{
    for (size_t i = 0; i < r->n_contacts; i++)
        if (r->contacts[i].queue == name)
            return true;
    return false;
}

static bool serves(const struct reader *in, uint32_t agent, uint32_t queue)
{
    for (size_t i = 0; i < in->n_served; i++)
        if (in->served[i].agent == agent && in->served[i].queue == queue)
            return true;
    return false;
}

static int write_rules(struct reader *in)
{
    const struct record *r = in->day->record;
    struct tl_buf *out = &in->day->rules;
    uint32_t last = ACD_NONE;

    (void)tl_buf_puts(out, "queues:\n");
    for (uint32_t i = 0; i < r->n_names; i++)
        if (is_queue(r, i))
            (void)tl_buf_printf(out, "  - {name: %s, wrap_up: 0s, service_target: 20s}\n",
                                r->names[i].s);
    (void)tl_buf_puts(out, "agents:\n");
    for (size_t i = 0; i < in->n_served; i++) {
        const char *comma = "";
        uint32_t agent = in->served[i].agent;
        if (agent == last)
            continue;
        last = agent;
        (void)tl_buf_printf(out, "  - {id: %s, queues: [", r->names[agent].s);
        for (uint32_t q = 0; q < r->n_names; q++)
            if (serves(in, agent, q)) {
                (void)tl_buf_printf(out, "%s%s", comma, r->names[q].s);
                comma = ", ";
            }
        (void)tl_buf_puts(out, "]}\n");
    }
    return out->err;
}

/* ---- the file ---- */

static int set_up(struct reader *in, size_t lines)
{
    struct record *r = tl_alloc(1, sizeof(*r));

    in->day->record = r;
    in->served = tl_alloc(lines + 1, sizeof(*in->served));
    if (!r || !in->served)
        return -ENOMEM;
    r->contacts = tl_alloc(lines + 1, sizeof(*r->contacts));
    r->presence = tl_alloc(4 * lines + 1, sizeof(*r->presence));
    r->names = tl_alloc(NAMES_MOST, sizeof(*r->names));
    return r->contacts && r->presence && r->names ? 0 : -ENOMEM;
}

static int read_lines(struct reader *in, struct tl_str text)
{
    struct tl_str line;
    int err = 0;

    while (!err && tl_str_split(&text, '\n', &line)) {
        in->line++;
        if (in->line == 1 || !tl_str_trim(line).n)
            continue; /* the heading */
        err = cut(in, line);
        if (err || !is(in, DATE, in->date))
            continue;
        in->day->lines++;
        err = read_call(in);
    }
    return err;
}

static int put_in_order(struct reader *in)
{
    struct record *r = in->day->record;

    if (r->n_contacts == 0 || in->n_served == 0)
        return complain(in, "nobody called that day, or nobody answered");
    qsort(in->served, in->n_served, sizeof(*in->served), by_server);
    duties(in);
    qsort(r->contacts, r->n_contacts, sizeof(*r->contacts), by_arrival);
    qsort(r->presence, r->n_presence, sizeof(*r->presence), by_moment);
    r->first = TL_LOWER(r->contacts[0].at, r->presence[0].at);
    r->last = TL_HIGHER(r->contacts[r->n_contacts - 1].at, r->presence[r->n_presence - 1].at);
    r->events = in->day->lines;
    return write_rules(in);
}

int bank_load(struct bank_day *ret, struct tl_str text, const char *name, const char *date,
              struct tl_buf *why)
{
    struct reader in = {.day = ret, .name = name, .date = date, .why = why};
    size_t lines = 1;
    int err;

    *ret = (struct bank_day){.rules = TL_BUF(1024 * 1024)};
    for (size_t i = 0; i < text.n; i++)
        lines += text.s[i] == '\n';
    err = set_up(&in, lines);
    if (!err)
        err = read_lines(&in, text);
    if (!err)
        err = put_in_order(&in);
    tl_free(in.served);
    return err;
}

int bank_dates(char (*ret)[8], int most, struct tl_str text, const char *name, struct tl_buf *why)
{
    struct reader in = {.name = name, .why = why};
    struct tl_str line;
    int n = 0;

    while (tl_str_split(&text, '\n', &line)) {
        int i = 0;
        in.line++;
        if (in.line == 1 || !tl_str_trim(line).n)
            continue;
        if (cut(&in, line))
            return -EINVAL;
        while (i < n && !is(&in, DATE, ret[i]))
            i++;
        if (i < n)
            continue;
        if (n == most)
            break;
        (void)tl_str_put(ret[n++], sizeof(*ret), in.of[DATE]);
    }
    return n;
}

void bank_done(struct bank_day *d)
{
    d->record = record_free(d->record);
    tl_buf_done(&d->rules);
}
