/* See options.h. */
#include "options.h"
#include "dice.h"
#include <stdio.h>
#include <string.h>

static int complain(const char *command, const char *name, const char *value, const char *reason)
{
    fprintf(stderr, "tl %s: %s%s%s: %s; `tl %s --help` lists the options\n", command, name,
            value ? " " : "", value ? value : "", reason, command);
    return 2;
}

static int take(const char *command, const struct lab_option *o, const char *value)
{
    char range[96];

    if (o->text) {
        *o->text = value;
    } else if (o->duration) {
        if (dice_duration(o->duration, tl_str(value)))
            return complain(command, o->name, value, "must be a length of time like 90s or 5m");
    } else if (tl_str_int(tl_str(value), o->least, o->most, o->number)) {
        (void)snprintf(range, sizeof(range), "must be a number from %lld to %lld",
                       (long long)o->least, (long long)o->most);
        return complain(command, o->name, value, range);
    }
    return 0;
}

int lab_options(int argc, char **argv, const struct lab_option *options, size_t n)
{
    for (int i = 1; i < argc; i++) {
        const struct lab_option *o = NULL;
        const char *value = strchr(argv[i], '=');
        size_t name = value ? (size_t)(value - argv[i]) : strlen(argv[i]);

        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
        for (size_t k = 0; k < n; k++)
            if (strlen(options[k].name) == name && strncmp(options[k].name, argv[i], name) == 0)
                o = &options[k];
        if (!o)
            return complain(argv[0], argv[i], NULL, "no such option");
        if (o->flag) {
            if (value)
                return complain(argv[0], argv[i], NULL, "takes no value");
            *o->flag = true;
            continue;
        }
        value = value ? value + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (!value)
            return complain(argv[0], argv[i], NULL, "needs a value");
        if (take(argv[0], o, value))
            return 2;
    }
    return 0;
}
