/* Streams are made by a set-up program: it asks JetStream's API on a loop of its own and waits. */
#include "nats.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tl_buf.h>
#include <tl_clock.h>

#define PATIENCE TL_SEC(5) /* with the connection, and with each stream: JetStream is up later */

enum { STREAM_EXISTS = 10058 }; /* with another configuration: err_code of the API */

/* What the API said to one request. */
struct answer {
    bool came;
    int err, code;
    char text[160];
};

static void on_answer(void *arg, const struct tl_reply *r)
{
    struct answer *a = arg;
    json_t *j = r->err ? NULL : json_loadb(r->data, r->n, 0, NULL);
    json_t *error = json_object_get(j, "error");
    const char *text = json_string_value(json_object_get(error, "description"));

    a->came = true;
    a->err = r->err ? r->err : !j ? -EBADMSG : error ? -EIO : 0;
    a->code = (int)json_integer_value(json_object_get(error, "err_code"));
    if (!text)
        text = strerror(-a->err);
    snprintf(a->text, sizeof(a->text), "%s", text);
    json_decref(j);
}

static void turn(struct tl_loop *loop)
{
    struct timespec ms = {0, 1000000};

    (void)tl_loop_turn(loop);
    (void)nanosleep(&ms, NULL);
}

static void ask(struct answer *a, struct tl_bus *bus, const char *verb, const char *stream,
                const struct tl_buf *config)
{
    char subject[160];

    *a = (struct answer){.err = -ENOMEM};
    snprintf(subject, sizeof(subject), "$JS.API.STREAM.%s.%s", verb, stream);
    if (tl_bus_request(bus, subject, config->p, config->n, TL_MSEC(500), (int)(PATIENCE / 500000),
                       on_answer, a))
        return;
    while (!a->came)
        turn(tl_bus_loop(bus));
}

static int write_config(struct tl_buf *b, const struct tl_stream *want)
{
    tl_buf_puts(b, "{\"name\":");
    tl_buf_json_str(b, tl_str(want->name));
    for (size_t i = 0; i < TL_LEN(want->subjects) && want->subjects[i]; i++) {
        tl_buf_puts(b, i ? "," : ",\"subjects\":[");
        tl_buf_json_str(b, tl_str(want->subjects[i]));
    }
    tl_buf_puts(b, want->subjects[0] ? "]" : "");
    return tl_buf_printf(b,
                         ",\"retention\":\"limits\",\"storage\":\"file\",\"discard\":\"old\","
                         "\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":%lld,\"max_age\":0,"
                         "\"max_msg_size\":-1,\"num_replicas\":1,\"duplicate_window\":%lld}",
                         (long long)want->max_bytes, (long long)want->dedup * 1000);
}

static int setup_stream(struct tl_bus *bus, const struct tl_stream *want, char why[256])
{
    struct tl_buf config = TL_BUF(4096);
    struct answer a = {.err = write_config(&config, want)};

    if (!a.err)
        ask(&a, bus, "CREATE", want->name, &config);
    if (a.err && a.code == STREAM_EXISTS)
        ask(&a, bus, "UPDATE", want->name, &config);
    if (a.err)
        snprintf(why, 256, "%.60s: %s", want->name, a.text);
    tl_buf_done(&config);
    return a.err;
}

int tl_bus_setup(const struct tl_bus_opts *opts, const struct tl_stream *streams, size_t n,
                 char why[256])
{
    tl_time end = tl_clock_mono() + PATIENCE;
    struct tl_loop *loop = NULL;
    struct tl_bus *bus = NULL;
    int err = tl_loop_new(&loop);

    if (!err)
        err = tl_bus_open(&bus, loop, opts);
    while (!err && !tl_bus_ready(bus)) {
        turn(loop);
        if (tl_clock_mono() > end)
            err = -ETIMEDOUT;
    }
    if (err)
        snprintf(why, 256, "connection: %s", strerror(-err));
    for (size_t i = 0; !err && i < n; i++)
        err = setup_stream(bus, &streams[i], why);
    tl_bus_close(bus);
    tl_loop_free(loop);
    return err;
}
