/* tl why: the stream tells the whole story; the ACD adds where a live contact is now, and its
 * newest steps where there is no stream to be read. */
#include "why.h"

#include <stdio.h>
#include <string.h>
#include <tl_id.h>

#include "threadline/acd/v1/commands.pb-c.h"

struct why {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct cli_stream *stream;
    struct tl_id contact;
    char filter[80];          /* subjects of its thread, where the ACD knows it */
    struct tl_buf now, steps; /* what the ACD says of a live contact */
    int lines;
    int failed; /* negative errno */
    bool connected;
    struct tl_timer *quiet; /* nothing was heard for so long: it will not come */
};

#define PATIENCE TL_SEC(5)

static void stop(struct why *w, int err)
{
    w->failed = err;
    tl_loop_stop(w->loop);
}

static void on_event(void *arg, const struct tl_msg *m, uint64_t pending)
{
    struct why *w = arg;
    struct tl_buf out = TL_BUF(64 * 1024);
    struct cli_event e;

    tl_timer_start(w->quiet, PATIENCE);
    if (!cli_event_read(&e, m->subject, m->data, m->n)) {
        if (strcmp(e.contact_id, w->contact.s) == 0 && !cli_why_line(&out, &e) && out.n) {
            fputs(out.p, stdout);
            w->lines++;
        }
        tl_pb_free(e.envelope);
    }
    tl_buf_done(&out);
    if (!pending)
        stop(w, 0);
}

static void on_ready(void *arg, int err, uint64_t pending)
{
    if (err || !pending)
        stop(arg, err);
}

/* From a little before the contact was made (clocks differ); an id that tells no time: from the
 * beginning. */
static void read_stream(struct why *w)
{
    const tl_time made = tl_id_time(tl_id_str(&w->contact));
    const struct cli_stream_opts opts = {.stream = "EVENTS",
                                         .filter = w->filter[0] ? w->filter : NULL,
                                         .since = made > TL_MIN(1) ? made - TL_MIN(1) : 0};
    int err = cli_stream_open(&w->stream, w->bus, &opts, on_event, on_ready, w);

    if (err)
        stop(w, err);
}

static void on_explained(void *arg, const struct tl_reply *r)
{
    struct why *w = arg;
    Threadline__Acd__V1__ExplainResponse *m = NULL;

    /* an error: not live any more, or the ACD is away */
    if (!r->err && !TL_PB_UNPACK(threadline__acd__v1__explain_response, r->data, r->n, &m)) {
        for (size_t i = 0; i < m->n_lines; i++)
            (void)tl_buf_printf(i ? &w->steps : &w->now, "%s\n", m->lines[i]);
        if (m->thread_id[0])
            (void)snprintf(w->filter, sizeof(w->filter), "tl.events.*.*.%s", m->thread_id);
    }
    tl_pb_free(m);
    read_stream(w);
}

static void on_connect(void *arg)
{
    struct why *w = arg;
    Threadline__Acd__V1__ExplainRequest m = THREADLINE__ACD__V1__EXPLAIN_REQUEST__INIT;
    struct tl_buf body = TL_BUF(256);
    int err;

    if (w->connected)
        return;
    w->connected = true;
    tl_timer_start(w->quiet, PATIENCE);
    m.contact_id = w->contact.s;
    err = tl_pb_pack(&m, &body);
    if (!err)
        err = tl_bus_request(w->bus, "tl.cmd.acd.p0.explain", body.p, body.n, TL_MSEC(500), 1,
                             on_explained, w);
    tl_buf_done(&body);
    if (err)
        stop(w, err);
}

static void on_quiet(void *arg)
{
    stop(arg, -ETIMEDOUT);
}

static int run(struct why *w, const char *command, const struct tl_bus_opts *opts)
{
    int err = tl_loop_new(&w->loop);

    if (!err)
        err = tl_bus_open(&w->bus, w->loop, opts);
    if (!err)
        err = tl_timer_new(&w->quiet, w->loop, on_quiet, w);
    if (!err) {
        tl_timer_start(w->quiet, PATIENCE);
        tl_bus_on_connect(w->bus, on_connect, w);
        err = tl_loop_run(w->loop);
    }
    if (!err)
        err = w->failed;
    cli_stream_close(w->stream);
    tl_timer_free(w->quiet);
    if (w->bus)
        tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    if (w->now.n) {
        if (!w->lines)
            fputs(w->steps.n ? w->steps.p : "", stdout);
        fputs(w->now.p, stdout);
        return 0;
    }
    if (err)
        return cli_fail(command, "%s cannot be read: %s", opts->url, strerror(-err));
    if (!w->lines)
        return cli_fail(command, "nothing is known of contact %s", w->contact.s);
    return 0;
}

int cli_why(int argc, char **argv)
{
    struct tl_buf password = TL_BUF(4096);
    struct tl_bus_opts opts;
    struct why w = {.now = TL_BUF(4096), .steps = TL_BUF(64 * 1024)};
    int rc = 1;

    if (argc != 2 || tl_id_parse(&w.contact, tl_str(argv[1])))
        return cli_fail(argv[0], "give one contact id; `tl tail --type contact_requested "
                                 "--since 1h` shows some");
    if (!cli_bus_opts(&opts, argv[0], "TL_TL", &password))
        rc = run(&w, argv[0], &opts);
    tl_buf_done(&password);
    tl_buf_done(&w.now);
    tl_buf_done(&w.steps);
    return rc;
}
