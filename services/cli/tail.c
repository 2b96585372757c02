/* tl tail: events as they happen. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_clock.h>
#include <unistd.h>

#include "cli.h"

struct tail {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct cli_stream *streams[2];
    const char *thread, *contact, *service, *type;
    tl_time since;
    int64_t count; /* lines still to print; 0: without end */
    bool json, colour;
    bool opened, done;
    int failed; /* negative errno */
};

static bool is(const char *want, const char *have)
{
    return !want || strcmp(want, have) == 0;
}

static bool wanted(const struct tail *t, const struct cli_event *e)
{
    return is(t->thread, e->thread_id) && is(t->contact, e->contact_id) &&
           is(t->service, e->service) && is(t->type, e->which->name);
}

static void print(struct tail *t, const struct cli_event *e)
{
    struct tl_buf line = TL_BUF(1024 * 1024);
    int err = t->json ? cli_event_json(&line, e) : cli_event_line(&line, e, t->colour);

    if (!err && (puts(line.p) == EOF || fflush(stdout) == EOF))
        tl_loop_stop(t->loop); /* who reads us is gone */
    tl_buf_done(&line);
    if (t->count && --t->count == 0) {
        t->done = true;
        tl_loop_stop(t->loop);
    }
}

static void on_event(void *arg, const struct tl_msg *m, uint64_t pending)
{
    struct tail *t = arg;
    struct cli_event e;

    TL_UNUSED(pending);
    if (t->done)
        return; /* what came in the same turn of the loop */
    if (cli_event_read(&e, m->subject, m->data, m->n)) {
        fprintf(stderr, "tl tail: unreadable event on %.*s\n", (int)m->subject.n, m->subject.s);
        return;
    }
    if (wanted(t, &e))
        print(t, &e);
    tl_pb_free(e.envelope);
}

static void on_ready(void *arg, int err, uint64_t pending)
{
    struct tail *t = arg;

    TL_UNUSED(pending);
    if (err) {
        t->failed = err;
        tl_loop_stop(t->loop);
    }
}

static void on_connect(void *arg)
{
    struct tail *t = arg;
    const struct cli_stream_opts events = {.stream = "EVENTS", .since = t->since};
    const struct cli_stream_opts clicks = {.stream = "CLICKS", .since = t->since};

    if (t->opened) {
        fprintf(stderr, "tl tail: reconnected; events of the meantime are not shown\n");
        t->since = TL_NEVER;
        for (size_t i = 0; i < TL_LEN(t->streams); i++)
            t->streams[i] = cli_stream_close(t->streams[i]);
        t->opened = false;
        on_connect(t);
        return;
    }
    t->opened = true;
    t->failed = cli_stream_open(&t->streams[0], t->bus, &events, on_event, on_ready, t);
    if (!t->failed && (!t->service || strcmp(t->service, "clickstream") == 0))
        t->failed = cli_stream_open(&t->streams[1], t->bus, &clicks, on_event, on_ready, t);
    if (t->failed)
        tl_loop_stop(t->loop);
}

static void on_late(void *arg)
{
    struct tail *t = arg;

    if (!t->opened) {
        t->failed = -ETIMEDOUT;
        tl_loop_stop(t->loop);
    }
}

static void on_signal(void *arg)
{
    tl_loop_stop(arg);
}

static int read_options(struct tail *t, int argc, char **argv)
{
    const char *value;
    tl_dur ago;

    for (int i = 1; i < argc; i++) {
        if ((value = cli_option(argc, argv, &i, "--thread")))
            t->thread = value;
        else if ((value = cli_option(argc, argv, &i, "--contact")))
            t->contact = value;
        else if ((value = cli_option(argc, argv, &i, "--service")))
            t->service = value;
        else if ((value = cli_option(argc, argv, &i, "--type")))
            t->type = value;
        else if ((value = cli_option(argc, argv, &i, "--count"))) {
            if (cli_count(value, &t->count))
                return cli_fail(argv[0], "--count: \"%s\" is no number of lines", value);
        } else if ((value = cli_option(argc, argv, &i, "--since"))) {
            if (cli_duration(value, &ago))
                return cli_fail(argv[0], "--since: \"%s\" is no length of time; try 10m", value);
            t->since = tl_clock_wall() - ago;
        } else if (strcmp(argv[i], "--json") == 0)
            t->json = true;
        else
            return cli_fail(argv[0], "what is \"%s\"? `tl tail --help` lists the options", argv[i]);
    }
    return 0;
}

static int run(struct tail *t, const char *command, const struct tl_bus_opts *opts)
{
    struct tl_timer *late = NULL;
    int err = tl_loop_new(&t->loop);

    if (!err)
        err = tl_loop_signal(t->loop, SIGINT, on_signal, t->loop);
    if (!err)
        err = tl_loop_signal(t->loop, SIGTERM, on_signal, t->loop);
    if (!err)
        err = tl_bus_open(&t->bus, t->loop, opts);
    if (!err)
        err = tl_timer_new(&late, t->loop, on_late, t);
    if (!err) {
        tl_timer_start(late, TL_SEC(5));
        tl_bus_on_connect(t->bus, on_connect, t);
        err = tl_loop_run(t->loop);
    }
    if (!err)
        err = t->failed;
    for (size_t i = 0; i < TL_LEN(t->streams); i++)
        cli_stream_close(t->streams[i]);
    tl_timer_free(late);
    if (t->bus)
        tl_bus_close(t->bus);
    tl_loop_free(t->loop);
    if (err == -ETIMEDOUT)
        return cli_fail(command, "%s does not answer, or refuses user %s; `tl status`?", opts->url,
                        opts->user);
    return err ? cli_fail(command, "the streams cannot be read (%s); did `tl setup` run?",
                          strerror(-err))
               : 0;
}

int cli_tail(int argc, char **argv)
{
    struct tl_buf password = TL_BUF(4096);
    struct tail t = {.since = TL_NEVER, .colour = isatty(STDOUT_FILENO)};
    struct tl_bus_opts opts;
    int rc = read_options(&t, argc, argv);

    if (!rc)
        rc = cli_bus_opts(&opts, argv[0], "TL_TL", &password) ? 1 : run(&t, argv[0], &opts);
    tl_buf_done(&password);
    return rc;
}
