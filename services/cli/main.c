/* tl: the command line.  Each command is a row of this table and a file of its own. */
#include <stdio.h>
#include <string.h>

#include <tl_log.h>

#include "cli.h"
#if __has_include("../acd/lab/lab.h")
#include "../acd/lab/lab.h"
#define HAS_LAB 1
#endif

static const struct cli_command commands[] = {
    {"setup", "", "make or update the streams EVENTS, CLICKS and DLQ; harmless to repeat",
     "  needs TL_NATS_URL, TL_SETUP_NATS_USER, TL_SETUP_NATS_PASSWORD_FILE", cli_setup},
    {"status", "", "each service with its port and whether it is ready",
     "  reads TL_<SERVICE>_PORT; exit code 0 when all are ready", cli_status},
    {"tail", "[--thread T] [--contact C] [--service S] [--type T] [--since 10m] [--json]",
     "events as they happen, one line each",
     "  --since 10m  begin with what happened in the last 10 minutes\n"
     "  --json       one JSON object a line\n"
     "  --count N    end after N lines",
     cli_tail},
    {"why", "<contact>", "why a contact went where it went", NULL, cli_why},
    {"hash-password", "", "read a password from stdin, print its Argon2id hash", NULL,
     cli_hash_password},
#ifdef HAS_LAB
    {"replay", "--help | options", "run recorded facts against other routing rules", NULL,
     acd_lab_replay},
    {"simulate", "--help | options", "predict waits for a staffing", NULL, acd_lab_simulate},
#endif
};

static int usage(FILE *out)
{
    fprintf(out, "usage: tl COMMAND [options]\n\n");
    for (size_t i = 0; i < TL_LEN(commands); i++)
        fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\n`tl COMMAND --help` says more.  Settings come from the environment: in a "
                 "checkout,\n`. scripts/env.sh` sets them.\n");
    return out == stdout ? 0 : 2;
}

static bool asks_for_help(int argc, char **argv)
{
    return argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

static const struct cli_command *find(const char *name)
{
    for (size_t i = 0; i < TL_LEN(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const struct cli_command *c;

    if (argc < 2)
        return usage(stderr);
    if (asks_for_help(argc, argv) || strcmp(argv[1], "help") == 0)
        return usage(stdout);
    c = find(argv[1]);
    if (!c) {
        fprintf(stderr, "tl: no command \"%s\"\n", argv[1]);
        return usage(stderr);
    }
    if (asks_for_help(argc - 1, argv + 1) && strncmp(c->args, "--help", 6) != 0) {
        printf("usage: tl %s %s\n\n  %s\n%s%s", c->name, c->args, c->help, c->more ? c->more : "",
               c->more ? "\n" : "");
        return 0;
    }
    tl_log_setup("tl", TL_ERROR); /* stdout is for what was asked for */
    return c->run(argc - 1, argv + 1);
}
