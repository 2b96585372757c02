/* One event: which service's envelope it is, and how it reads. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>

#include "cli.h"
#include "threadline/acd/v1/events.pb-c.h"
#include "threadline/analytics/v1/events.pb-c.h"
#include "threadline/clickstream/v1/events.pb-c.h"
#include "threadline/cobrowse/v1/events.pb-c.h"
#include "threadline/conversation/v1/events.pb-c.h"
#include "threadline/ivr/v1/events.pb-c.h"
#include "threadline/media/v1/events.pb-c.h"
#include "threadline/signaling/v1/events.pb-c.h"

static const struct {
    const char *service;
    const ProtobufCMessageDescriptor *envelope;
} envelopes[] = {
    {"acd", &threadline__acd__v1__acd_event__descriptor},
    {"analytics", &threadline__analytics__v1__analytics_event__descriptor},
    {"clickstream", &threadline__clickstream__v1__clickstream_event__descriptor},
    {"cobrowse", &threadline__cobrowse__v1__cobrowse_event__descriptor},
    {"conversation", &threadline__conversation__v1__conversation_event__descriptor},
    {"ivr", &threadline__ivr__v1__ivr_event__descriptor},
    {"media", &threadline__media__v1__media_event__descriptor},
    {"signaling", &threadline__signaling__v1__signaling_event__descriptor},
};

/* "tl.events.acd.contact_queued.K" -> acd; "tl.clicks.…" -> clickstream. */
static struct tl_str service_of(struct tl_str subject)
{
    struct tl_str part = {0};

    if (!tl_str_split(&subject, '.', &part) || !tl_str_split(&subject, '.', &part))
        return (struct tl_str){0};
    if (tl_str_eq(part, TL_STR("clicks")))
        return TL_STR("clickstream");
    return tl_str_split(&subject, '.', &part) ? part : (struct tl_str){0};
}

/* Every envelope has Meta as its first field. */
static const Threadline__Event__V1__Meta *meta_of(const ProtobufCMessage *envelope)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(envelope->descriptor, 1);

    if (!f || f->descriptor != &threadline__event__v1__meta__descriptor)
        return NULL;
    return *(Threadline__Event__V1__Meta *const *)((const char *)envelope + f->offset);
}

int cli_event_read(struct cli_event *ret, struct tl_str subject, const void *data, size_t n)
{
    struct tl_str service = service_of(subject);
    const Threadline__Event__V1__Meta *meta;
    size_t i = 0;

    memset(ret, 0, sizeof(*ret));
    while (i < TL_LEN(envelopes) && !tl_str_eq(tl_str(envelopes[i].service), service))
        i++;
    if (i == TL_LEN(envelopes) || tl_pb_unpack(envelopes[i].envelope, data, n, &ret->envelope))
        return -EBADMSG;
    meta = meta_of(ret->envelope);
    ret->service = envelopes[i].service;
    ret->which = tl_pb_which(ret->envelope);
    if (!meta || !ret->which) {
        ret->envelope = tl_pb_free(ret->envelope);
        return -EBADMSG;
    }
    ret->inner = *(ProtobufCMessage *const *)((const char *)ret->envelope + ret->which->offset);
    ret->event_id = meta->event_id;
    ret->thread_id = meta->thread_id;
    ret->contact_id = meta->contact_id;
    ret->producer = meta->producer;
    ret->at = meta->occurred_at_us;
    return 0;
}

static const void *field_of(const ProtobufCMessage *m, const char *name,
                            const ProtobufCFieldDescriptor **ret)
{
    *ret = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
    return *ret ? (const char *)m + (*ret)->offset : NULL;
}

static const char *text_of(const ProtobufCMessage *m, const char *name)
{
    const ProtobufCFieldDescriptor *f;
    const void *at = field_of(m, name, &f);

    if (!at || f->type != PROTOBUF_C_TYPE_STRING || f->label == PROTOBUF_C_LABEL_REPEATED)
        return "";
    return *(char *const *)at;
}

const char *cli_event_text(const struct cli_event *e, const char *name)
{
    return text_of(e->inner, name);
}

int64_t cli_event_int(const struct cli_event *e, const char *name)
{
    const ProtobufCFieldDescriptor *f;
    const void *at = field_of(e->inner, name, &f);

    if (!at || f->label == PROTOBUF_C_LABEL_REPEATED)
        return 0;
    if (f->type == PROTOBUF_C_TYPE_INT64 || f->type == PROTOBUF_C_TYPE_UINT64)
        return *(const int64_t *)at;
    if (f->type == PROTOBUF_C_TYPE_INT32 || f->type == PROTOBUF_C_TYPE_ENUM ||
        f->type == PROTOBUF_C_TYPE_BOOL)
        return *(const int32_t *)at;
    return 0;
}

/* {"queue":"sales","waited_ms":12} -> " queue=sales waited_ms=12". */
static void fields_line(struct tl_buf *out, const ProtobufCMessage *m)
{
    struct tl_buf json = TL_BUF(1024 * 1024);
    json_t *o = tl_pb_to_json(m, &json) ? NULL : json_loadb(json.p, json.n, 0, NULL);
    const char *key;
    json_t *value;

    json_object_foreach (o, key, value) {
        if (json_is_string(value)) {
            (void)tl_buf_printf(out, " %s=%s", key, json_string_value(value));
        } else {
            char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

            (void)tl_buf_printf(out, " %s=%s", key, text ? text : "?");
            free(text);
        }
    }
    json_decref(o);
    tl_buf_done(&json);
}

int cli_event_line(struct tl_buf *out, const struct cli_event *e, bool colour)
{
    const char *visit = text_of(e->envelope, "visit_id");
    char when[32];

    tl_clock_format(when, e->at);
    (void)tl_buf_printf(out, "%.12s  %-12s %s%-20s%s", when + 11, e->service,
                        colour ? "\033[1m" : "", e->which->name, colour ? "\033[0m" : "");
    if (e->thread_id[0])
        (void)tl_buf_printf(out, " thread=%s", e->thread_id);
    if (e->contact_id[0])
        (void)tl_buf_printf(out, " contact=%s", e->contact_id);
    if (visit && *visit)
        (void)tl_buf_printf(out, " visit=%s", visit);
    fields_line(out, e->inner);
    return out->err;
}

int cli_event_json(struct tl_buf *out, const struct cli_event *e)
{
    (void)tl_buf_printf(out, "{\"service\":\"%s\",\"type\":\"%s\",\"event\":", e->service,
                        e->which->name);
    (void)tl_pb_to_json(e->envelope, out);
    return tl_buf_putc(out, '}');
}
