/**
 * @file cli.h  The commands of `tl`, and what they share.
 */
#ifndef CLI_H
#define CLI_H

#include <tl_bus.h>
#include <tl_pb.h>

struct cli_command {
    const char *name;
    const char *args;                  /**< as the usage line shows them */
    const char *help;                  /**< one line */
    const char *more;                  /**< further lines of --help, or NULL */
    int (*run)(int argc, char **argv); /**< argv[0] is the command; returns the exit code */
};

int cli_setup(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_tail(int argc, char **argv);
int cli_why(int argc, char **argv);
int cli_hash_password(int argc, char **argv);

/** "tl tail: reason" on stderr; returns 1. */
int cli_fail(const char *command, const char *fmt, ...) TL_PRINTF(2, 3);
/** Value of an environment variable; NULL if unset or empty. */
const char *cli_env(const char *name);

/** "--name value" or "--name=value" at argv[*i]: the value, and *i moves on; else NULL. */
const char *cli_option(int argc, char **argv, int *i, const char *name);
/** A number of lines, 1 and up: 0 or -EINVAL. */
int cli_count(const char *text, int64_t *ret);
/** "10m", "1h30m", "45s": 0 or -EINVAL. */
int cli_duration(const char *text, tl_dur *ret);

/** TL_NATS_URL and the user whose settings begin with prefix ("TL_TL", "TL_SETUP").  password is
 * the buffer that holds it.  0, or -EINVAL after a complaint. */
int cli_bus_opts(struct tl_bus_opts *ret, const char *command, const char *prefix,
                 struct tl_buf *password);

/* ---- one event ---- */

struct cli_event {
    const char *service; /**< "acd" */
    ProtobufCMessage *envelope;
    const ProtobufCFieldDescriptor *which; /**< the event; its name is the event's name */
    const ProtobufCMessage *inner;
    const char *event_id, *thread_id, *contact_id, *producer;
    tl_time at;
};

/** From a subject tl.events.<svc>.… or tl.clicks.… and its bytes.  0, -EBADMSG.  Free the envelope
 * with tl_pb_free(). */
int cli_event_read(struct cli_event *ret, struct tl_str subject, const void *data, size_t n);
/** One readable line without newline; colour: with escape sequences. */
int cli_event_line(struct tl_buf *out, const struct cli_event *e, bool colour);
/** One line of JSON. */
int cli_event_json(struct tl_buf *out, const struct cli_event *e);
/** Text of a field of the inner message, or "" (also for numbers: see the next). */
const char *cli_event_text(const struct cli_event *e, const char *field);
int64_t cli_event_int(const struct cli_event *e, const char *field);

/* ---- reading a stream from the past into the present ---- */

struct cli_stream_opts {
    const char *stream; /**< "EVENTS", "CLICKS" */
    const char *filter; /**< subject filter or NULL */
    tl_time since;      /**< 0: from the beginning; TL_NEVER: only what comes from now on */
};

/** m is one event; pending: how many more the stream has now. */
typedef void cli_stream_fn(void *arg, const struct tl_msg *m, uint64_t pending);
/** ready is called once: err 0 with the number of events that wait, or negative errno. */
typedef void cli_ready_fn(void *arg, int err, uint64_t pending);

struct cli_stream;
int cli_stream_open(struct cli_stream **ret, struct tl_bus *bus, const struct cli_stream_opts *opts,
                    cli_stream_fn *fn, cli_ready_fn *ready, void *arg);
struct cli_stream *cli_stream_close(struct cli_stream *s);

#endif
