/* Events in any order become contacts (found by id) and a list of presences; see record.h. */
#include "record.h"
#include "bar.h"
#include "threadline/acd/v1/events.pb-c.h"
#include <core/acd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_map.h>
#include <tl_mem.h>
#include <tl_pb.h>

#define LINE_MOST (1024 * 1024)

typedef Threadline__Acd__V1__AcdEvent event;

struct named {
    struct tl_entry entry;
    struct tl_id id;
    uint32_t at;
};

struct reader {
    struct record *r;
    const char *path;
    struct tl_buf *why;
    struct tl_map contacts, names; /* of struct named */
    size_t contacts_room, names_room, presence_room;
    uint64_t line; /* or message */
    long size;
};

/* ---- growing ---- */

static int grow(void **array, size_t n, size_t *room, size_t size)
{
    size_t more = *room ? *room * 2 : 1024;
    void *p;

    if (n < *room)
        return 0;
    p = tl_resize(*array, more, size);
    if (!p)
        return -ENOMEM;
    *array = p;
    *room = more;
    return 0;
}

/* The number of an id, a new one if need be. */
static int number_of(struct tl_map *m, const char *text, uint32_t next, uint32_t *ret)
{
    struct tl_entry *e = tl_map_find(m, tl_str(text));
    struct named *n;
    int err;

    if (e) {
        *ret = TL_CONTAINER(e, struct named, entry)->at;
        return 0;
    }
    n = tl_alloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    n->at = *ret = next;
    err =
        tl_id_parse(&n->id, tl_str(text)) ? -EBADMSG : tl_map_add(m, &n->entry, tl_id_str(&n->id));
    if (err)
        tl_free(n);
    return err;
}

static int name_of(struct reader *in, const char *text, uint32_t *ret)
{
    struct record *r = in->r;
    int err = grow((void **)&r->names, r->n_names, &in->names_room, sizeof(*r->names));

    if (!err)
        err = number_of(&in->names, text, (uint32_t)r->n_names, ret);
    if (!err && *ret == r->n_names)
        (void)tl_id_parse(&r->names[r->n_names++], tl_str(text)); /* number_of() checked it */
    return err;
}

static int contact_of(struct reader *in, const char *id, struct record_contact **ret)
{
    struct record *r = in->r;
    uint32_t at = 0;
    int err = grow((void **)&r->contacts, r->n_contacts, &in->contacts_room, sizeof(*r->contacts));

    if (!err)
        err = number_of(&in->contacts, id, (uint32_t)r->n_contacts, &at);
    if (err)
        return err;
    *ret = &r->contacts[at];
    if (at == r->n_contacts) {
        r->contacts[at] = (struct record_contact){.end = RECORD_WAITS};
        (void)tl_id_parse(&r->contacts[at].id, tl_str(id)); /* number_of() checked it */
        r->n_contacts++;
    }
    return 0;
}

/* ---- one event ---- */

static int note_queued(struct reader *in, const event *e)
{
    const Threadline__Acd__V1__ContactQueued *q = e->contact_queued;
    tl_time at = q->enqueued_at_us > 0 ? q->enqueued_at_us : e->meta->occurred_at_us;
    struct record_contact *c;
    int err = contact_of(in, e->meta->contact_id, &c);

    if (at < e->meta->occurred_at_us - TL_HOUR(24))
        at = e->meta->occurred_at_us; /* nobody waits for days: the sender's clock was wrong */
    if (err || (c->at && c->at <= at))
        return err; /* in line again: the first time counts */
    c->at = at;
    c->priority = q->priority;
    c->channel =
        q->channel > 0 && (int)q->channel < (int)ACD_CHANNELS ? (uint8_t)q->channel : ACD_VOICE;
    c->n_skills = 0;
    for (size_t i = 0; i < q->n_skills && i < ACD_NEEDS_MAX && !err; i++)
        err = name_of(in, q->skills[i], &c->skills[c->n_skills++]);
    return err ? err : name_of(in, q->queue, &c->queue);
}

static int note_contact(struct reader *in, const event *e)
{
    struct record_contact *c;
    int err = contact_of(in, e->meta->contact_id, &c);

    if (err)
        return err;
    switch (e->event_case) {
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED:
        if (c->end == RECORD_ANSWERED && c->wait <= e->offer_accepted->waited_ms * 1000)
            break;
        c->end = RECORD_ANSWERED;
        c->wait = e->offer_accepted->waited_ms * 1000;
        c->rang = e->offer_accepted->rang_ms * 1000;
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_DEQUEUED:
        if (c->end == RECORD_ANSWERED)
            break;
        c->end = strcmp(e->contact_dequeued->cause, "customer_left") == 0 ? RECORD_ABANDONED
                                                                          : RECORD_FLOWED_OUT;
        c->wait = e->contact_dequeued->waited_ms * 1000;
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_RELEASED:
        c->talk = e->contact_released->talked_ms * 1000;
        c->released = true;
        break;
    default: c->wrap_up = e->wrap_up_ended->wrap_up_ms * 1000;
    }
    return 0;
}

static int note_agent(struct reader *in, const event *e)
{
    const Threadline__Acd__V1__AgentStateChanged *a = e->agent_state_changed;
    struct record *r = in->r;
    struct record_presence *p;
    int err = grow((void **)&r->presence, r->n_presence, &in->presence_room, sizeof(*p));

    if (err)
        return err;
    p = &r->presence[r->n_presence];
    *p = (struct record_presence){.at = e->meta->occurred_at_us,
                                  .seq = e->meta->seq,
                                  .now = (uint8_t)a->presence,
                                  .before = (uint8_t)a->previous};
    err = name_of(in, a->agent_id, &p->agent);
    r->n_presence += !err;
    return err;
}

static int note(struct reader *in, const event *e)
{
    struct record *r = in->r;

    if (!e->meta || e->meta->occurred_at_us <= 0)
        return -EBADMSG;
    r->events++;
    if (r->first == 0 || e->meta->occurred_at_us < r->first)
        r->first = e->meta->occurred_at_us;
    r->last = TL_HIGHER(r->last, e->meta->occurred_at_us);
    switch (e->event_case) {
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_QUEUED: return note_queued(in, e);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED:
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_DEQUEUED:
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_RELEASED:
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_WRAP_UP_ENDED: return note_contact(in, e);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_AGENT_STATE_CHANGED: return note_agent(in, e);
    default: return 0;
    }
}

/* ---- the two formats ---- */

static int complain(struct reader *in, const char *what, const char *reason)
{
    (void)tl_buf_printf(in->why, "%s:%s%llu: %s\n", in->path, what, (unsigned long long)in->line,
                        reason);
    return -EINVAL;
}

/* Most lines need not be decoded. */
static bool is_needed(struct tl_str type)
{
    static const struct tl_str needed[] = {
        TL_STR("contact_queued"),   TL_STR("offer_accepted"), TL_STR("contact_dequeued"),
        TL_STR("contact_released"), TL_STR("wrap_up_ended"),  TL_STR("agent_state_changed")};

    for (size_t i = 0; i < TL_LEN(needed); i++)
        if (tl_str_eq(needed[i], type))
            return true;
    return false;
}

static bool cut(struct tl_str *s, struct tl_str prefix)
{
    if (!tl_str_starts(*s, prefix))
        return false;
    s->s += prefix.n;
    s->n -= prefix.n;
    return true;
}

static int read_line(struct reader *in, struct tl_str line)
{
    struct tl_buf reason = TL_BUF(1024);
    struct tl_str service, type;
    ProtobufCMessage *m = NULL;
    int err;

    line = tl_str_trim(line);
    if (!line.n)
        return 0;
    if (!cut(&line, TL_STR("{\"service\":\"")) || !tl_str_split(&line, '"', &service) ||
        !cut(&line, TL_STR(",\"type\":\"")) || !tl_str_split(&line, '"', &type) ||
        !cut(&line, TL_STR(",\"event\":")) || line.n < 3 || line.s[line.n - 1] != '}')
        return complain(in, "", "is no line of `tl tail --json --service acd`");
    line.n--;
    if (!tl_str_eq(service, TL_STR("acd")) || !is_needed(type)) {
        in->r->events++;
        return 0;
    }
    err = tl_pb_from_json(&threadline__acd__v1__acd_event__descriptor, line, &m, &reason);
    if (!err)
        err = note(in, (const event *)(const void *)m);
    tl_pb_free(m);
    if (err && err != -ENOMEM)
        err = complain(in, "", reason.n ? reason.p : "is no event of the ACD");
    tl_buf_done(&reason);
    return err;
}

static void show(struct reader *in, FILE *f)
{
    if (in->line % 4096 == 0 && in->size > 0)
        bar_show("reading", (double)ftell(f) / (double)in->size);
}

static int read_lines(struct reader *in, FILE *f)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int err = 0;

    while (!err && (n = getline(&line, &room, f)) >= 0) {
        in->line++;
        err = n > LINE_MOST ? complain(in, "", "is longer than 1 MiB")
                            : read_line(in, (struct tl_str){line, (size_t)n});
        show(in, f);
    }
    free(line);
    return err;
}

static int read_messages(struct reader *in, FILE *f)
{
    uint8_t head[4], *data = tl_alloc(TL_PB_MAX, 1);
    int err = data ? 0 : -ENOMEM;
    size_t got;

    while (!err && (got = fread(head, 1, sizeof(head), f)) > 0) {
        uint32_t n =
            (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
        ProtobufCMessage *m = NULL;
        in->line++;
        if (got < sizeof(head) || n > TL_PB_MAX || fread(data, 1, n, f) < n) {
            err = complain(in, " message ", "is cut short, or no length of 4 bytes comes first");
            break;
        }
        err = tl_pb_unpack(&threadline__acd__v1__acd_event__descriptor, data, n, &m);
        if (!err)
            err = note(in, (const event *)(const void *)m);
        tl_pb_free(m);
        if (err && err != -ENOMEM) { /* a topic keeps whatever was once written to it */
            in->r->junk++;
            err = 0;
        }
        show(in, f);
    }
    tl_free(data);
    return err;
}

static int read_file(struct reader *in)
{
    FILE *f = strcmp(in->path, "-") == 0 ? stdin : fopen(in->path, "rb");
    int first, err;

    if (!f) {
        err = -errno;
        (void)tl_buf_printf(in->why, "%s: %s\n", in->path, strerror(-err));
        return err;
    }
    if (fseek(f, 0, SEEK_END) == 0) {
        in->size = ftell(f);
        rewind(f);
    }
    first = fgetc(f);
    (void)ungetc(first, f);
    err = first == 0 ? read_messages(in, f) : read_lines(in, f);
    if (!err && ferror(f)) {
        (void)tl_buf_printf(in->why, "%s: %s\n", in->path, strerror(errno));
        err = -EIO;
    }
    if (f != stdin)
        (void)fclose(f); /* only read */
    bar_clear();
    return err;
}

/* ---- the whole ---- */

static int by_arrival(const void *a, const void *b)
{
    const struct record_contact *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return strcmp(x->id.s, y->id.s);
}

static int by_moment(const void *a, const void *b)
{
    const struct record_presence *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int put_in_order(struct reader *in)
{
    struct record *r = in->r;
    size_t kept = 0;

    for (size_t i = 0; i < r->n_contacts; i++) {
        struct record_contact *c = &r->contacts[i];
        if (c->at == 0)
            continue;
        if (c->end == RECORD_WAITS)
            c->wait = TL_HIGHER(r->last - c->at, 0);
        r->contacts[kept++] = *c;
    }
    r->left_out = r->n_contacts - kept;
    r->n_contacts = kept;
    if (kept == 0) {
        (void)tl_buf_printf(in->why, "%s: nobody came to a queue in %llu events\n", in->path,
                            (unsigned long long)r->events);
        return -EINVAL;
    }
    qsort(r->contacts, r->n_contacts, sizeof(*r->contacts), by_arrival);
    if (r->n_presence)
        qsort(r->presence, r->n_presence, sizeof(*r->presence), by_moment);
    r->first = TL_LOWER(r->first, r->contacts[0].at);
    return 0;
}

static void forget_names(struct tl_map *m)
{
    struct tl_entry *e = tl_map_next(m, NULL);

    while (e) {
        struct tl_entry *next = tl_map_next(m, e);
        tl_map_remove(m, e);
        tl_free(TL_CONTAINER(e, struct named, entry));
        e = next;
    }
    tl_map_done(m);
}

int record_load(struct record **ret, const char *path, struct tl_buf *why)
{
    struct reader in = {.path = path, .why = why, .contacts = TL_MAP(1), .names = TL_MAP(2)};
    int err;

    in.r = tl_alloc(1, sizeof(*in.r));
    if (!in.r)
        return -ENOMEM;
    err = read_file(&in);
    if (!err)
        err = put_in_order(&in);
    forget_names(&in.contacts);
    forget_names(&in.names);
    if (err)
        record_free(in.r);
    else
        *ret = in.r;
    return err;
}

struct record *record_free(struct record *r)
{
    if (!r)
        return NULL;
    tl_free(r->contacts);
    tl_free(r->presence);
    tl_free(r->names);
    return tl_free(r);
}
