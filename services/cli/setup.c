/* tl setup: the streams of the platform. */
#include <stdio.h>

#include "cli.h"

static const struct tl_stream streams[] = {
    {"EVENTS", {"tl.events.>"}, INT64_C(2) << 30, TL_MIN(10)},
    {"CLICKS", {"tl.clicks.>"}, INT64_C(2) << 30, TL_MIN(10)},
    {"DLQ", {"tl.dlq.>"}, INT64_C(256) << 20, TL_MIN(10)},
};

int cli_setup(int argc, char **argv)
{
    struct tl_buf password = TL_BUF(4096);
    struct tl_bus_opts opts;
    char why[256] = "";
    int err;

    TL_UNUSED(argc);
    err = cli_bus_opts(&opts, argv[0], "TL_SETUP", &password);
    if (!err) {
        err = tl_bus_setup(&opts, streams, TL_LEN(streams), why);
        if (err)
            cli_fail(argv[0], "%s: %s; is nats-server running with JetStream?", opts.url, why);
    }
    tl_buf_done(&password);
    if (err)
        return 1;
    for (size_t i = 0; i < TL_LEN(streams); i++)
        printf("stream %-6s  %-11s  at most %lld MiB\n", streams[i].name, streams[i].subjects[0],
               (long long)(streams[i].max_bytes >> 20));
    return 0;
}
