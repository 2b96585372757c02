/*
 * A stream read in order, from the past into the present: an ephemeral consumer of the server that
 * pushes to an inbox of ours and forgets us half a minute after we are gone.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_mem.h>

#include "cli.h"

struct cli_stream {
    struct tl_sub *sub; /* NULL: closed, and only the answer is waited for */
    bool asking;
    cli_stream_fn *fn;
    cli_ready_fn *ready;
    void *arg;
};

/* "$JS.ACK.<stream>.<consumer>.<deliveries>.<seq>.<seq>.<time>.<pending>" */
static uint64_t pending_of(const char *reply)
{
    struct tl_str rest = tl_str(reply), part = {0}, parts[13];
    int64_t n = 0;
    size_t k = 0;

    while (k < TL_LEN(parts) && tl_str_split(&rest, '.', &part))
        parts[k++] = part;
    if (k < 9 || tl_str_int(k >= 11 ? parts[10] : parts[8], 0, INT64_MAX, &n))
        return 0;
    return (uint64_t)n;
}

static void on_msg(void *arg, const struct tl_msg *m)
{
    struct cli_stream *s = arg;

    if (tl_str_starts(m->subject, TL_STR("tl.")))
        s->fn(s->arg, m, pending_of(m->reply));
}

static void on_created(void *arg, const struct tl_reply *r)
{
    struct cli_stream *s = arg;
    json_t *o;
    json_int_t pending;
    int err;

    s->asking = false;
    if (!s->sub) {
        cli_stream_close(s);
        return;
    }
    o = r->err ? NULL : json_loadb(r->data, r->n, 0, NULL);
    err = r->err ? r->err : !o || json_object_get(o, "error") ? -EIO : 0;
    pending = json_integer_value(json_object_get(o, "num_pending"));

    json_decref(o);
    s->ready(s->arg, err, (uint64_t)pending);
}

static void describe(struct tl_buf *out, const struct cli_stream_opts *o, const char *inbox)
{
    char when[32];

    (void)tl_buf_printf(
        out,
        "{\"stream_name\":\"%s\",\"config\":{\"deliver_subject\":\"%s\","
        "\"ack_policy\":\"none\",\"replay_policy\":\"instant\",\"mem_storage\":true,"
        "\"inactive_threshold\":30000000000,",
        o->stream, inbox);
    if (o->filter)
        (void)tl_buf_printf(out, "\"filter_subject\":\"%s\",", o->filter);
    if (o->since && o->since != TL_NEVER) {
        tl_clock_format(when, o->since);
        (void)tl_buf_printf(out, "\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"%s\"}}",
                            when);
    } else {
        (void)tl_buf_printf(out, "\"deliver_policy\":\"%s\"}}", o->since ? "new" : "all");
    }
}

int cli_stream_open(struct cli_stream **ret, struct tl_bus *bus, const struct cli_stream_opts *opts,
                    cli_stream_fn *fn, cli_ready_fn *ready, void *arg)
{
    struct cli_stream *s = tl_alloc(1, sizeof(*s));
    struct tl_buf body = TL_BUF(4096);
    char inbox[80], subject[120];
    int err;

    if (!s)
        return -ENOMEM;
    *s = (struct cli_stream){.fn = fn, .ready = ready, .arg = arg};
    snprintf(inbox, sizeof(inbox), "_INBOX.tl.%s.stream", tl_id_new().s);
    snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.CREATE.%s", opts->stream);
    describe(&body, opts, inbox);
    err = body.err;
    if (!err)
        err = tl_bus_subscribe(&s->sub, bus, inbox, NULL, on_msg, s);
    if (!err)
        err = tl_bus_request(bus, subject, body.p, body.n, TL_SEC(2), 2, on_created, s);
    tl_buf_done(&body);
    if (err) {
        cli_stream_close(s);
        return err;
    }
    s->asking = true;
    *ret = s;
    return 0;
}

struct cli_stream *cli_stream_close(struct cli_stream *s)
{
    if (!s)
        return NULL;
    s->sub = tl_sub_free(s->sub);
    return s->asking ? NULL : tl_free(s); /* else when the answer comes: it points here */
}
