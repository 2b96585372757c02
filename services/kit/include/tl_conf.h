/**
 * @file tl_conf.h  Settings from the environment, one row each.
 */
#ifndef TL_CONF_H
#define TL_CONF_H

#include <tl_buf.h>

/**
 * One setting.  Exactly one of number and text is set.
 * A text setting whose name ends in _FILE is a path; tl_conf_secret() reads what is in it.
 */
struct tl_setting {
    const char *name;       /**< "TL_ACD_OFFER_TIMEOUT_S" */
    int64_t *number;        /**< where a number goes; NULL for text */
    int64_t value;          /**< default number */
    int64_t min, max;       /**< allowed */
    const char *help;       /**< one line, with the unit */
    const char **text;      /**< where text goes (borrowed from the environment or the default) */
    const char *text_value; /**< default text; NULL: empty */
};

#define TL_SET_NUM(name_, at, value_, min_, max_, help_)                                  \
    {                                                                                     \
        .name = (name_), .number = (at), .value = (value_), .min = (min_), .max = (max_), \
        .help = (help_)                                                                   \
    }
#define TL_SET_TEXT(name_, at, value_, help_)                                  \
    {                                                                          \
        .name = (name_), .text = (at), .text_value = (value_), .help = (help_) \
    }

/** 0, or -EINVAL / -ERANGE with a line in why that names the setting and what is wrong with it. */
int tl_conf_load(const struct tl_setting *settings, size_t n, struct tl_buf *why);
/** The table as --help prints it. */
void tl_conf_help(const struct tl_setting *settings, size_t n, struct tl_buf *out);

/** First line of a secret file.  -EACCES when others can read the file; -ENOENT; -EMSGSIZE over 4
 * KiB. */
int tl_conf_secret(const char *path, struct tl_buf *ret);

#endif
