/* What every command needs: complaints, options, settings. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_conf.h>

#include "cli.h"

int cli_fail(const char *command, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "tl %s: ", command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return 1;
}

const char *cli_env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

const char *cli_option(int argc, char **argv, int *i, const char *name)
{
    size_t n = strlen(name);

    if (strncmp(argv[*i], name, n) != 0)
        return NULL;
    if (argv[*i][n] == '=')
        return argv[*i] + n + 1;
    if (argv[*i][n] == '\0' && *i + 1 < argc)
        return argv[++*i];
    return NULL;
}

int cli_count(const char *text, int64_t *ret)
{
    return tl_str_int(tl_str(text), 1, INT64_MAX, ret) ? -EINVAL : 0;
}

static tl_dur unit(struct tl_str s, size_t *n)
{
    *n = s.n > 1 && s.s[0] == 'm' && s.s[1] == 's' ? 2 : 1;
    if (*n == 2)
        return TL_MSEC(1);
    switch (s.n ? s.s[0] : 0) {
    case 's': return TL_SEC(1);
    case 'm': return TL_MIN(1);
    case 'h': return TL_HOUR(1);
    case 'd': return TL_HOUR(24);
    default: return 0;
    }
}

int cli_duration(const char *text, tl_dur *ret)
{
    struct tl_str s = tl_str(text);
    tl_dur sum = 0;

    if (!s.n)
        return -EINVAL;
    while (s.n) {
        size_t digits = 0, letters;
        int64_t number;
        tl_dur one;

        while (digits < s.n && s.s[digits] >= '0' && s.s[digits] <= '9')
            digits++;
        if (tl_str_int((struct tl_str){s.s, digits}, 0, 1000000, &number))
            return -EINVAL;
        s.s += digits, s.n -= digits;
        one = unit(s, &letters);
        if (!one)
            return -EINVAL;
        s.s += letters, s.n -= letters;
        sum += number * one;
    }
    *ret = sum;
    return 0;
}

static const char *setting(const char *prefix, const char *rest, char name[64])
{
    snprintf(name, 64, "%s_%s", prefix, rest);
    return cli_env(name);
}

int cli_bus_opts(struct tl_bus_opts *ret, const char *command, const char *prefix,
                 struct tl_buf *password)
{
    char user_name[64], file_name[64];
    const char *url = cli_env("TL_NATS_URL");
    const char *user = setting(prefix, "NATS_USER", user_name);
    const char *file = setting(prefix, "NATS_PASSWORD_FILE", file_name);
    int err;

    if (!url || !user || !file) {
        cli_fail(command, "%s is not set; in a checkout, run `. scripts/env.sh` first",
                 !url    ? "TL_NATS_URL"
                 : !user ? user_name
                         : file_name);
        return -EINVAL;
    }
    err = tl_conf_secret(file, password);
    if (err) {
        cli_fail(command, "%s: cannot use %s: %s%s", file_name, file, strerror(-err),
                 err == -EACCES ? " (it must be readable by its owner only)" : "");
        return -EINVAL;
    }
    *ret = (struct tl_bus_opts){.url = url, .user = user, .password = password->p, .name = user};
    return 0;
}
