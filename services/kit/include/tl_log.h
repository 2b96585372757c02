/**
 * @file tl_log.h  One event, one line of JSON on stdout: a fixed lower-case phrase and named
 * fields. Never a secret, a phone number, a name or a message's text.  Over 100 lines a second:
 * sampled, with a count.
 */
#ifndef TL_LOG_H
#define TL_LOG_H

#include <tl_str.h>

enum tl_level { TL_DEBUG, TL_INFO, TL_WARN, TL_ERROR };

struct tl_field {
    const char *key;
    enum { TL_FIELD_END, TL_FIELD_STR, TL_FIELD_INT, TL_FIELD_NUM } kind;
    struct tl_str s;
    int64_t i;
    double d;
};

#define TL_S(key_, text) ((struct tl_field){.key = (key_), .kind = TL_FIELD_STR, .s = tl_str(text)})
#define TL_T(key_, str_) ((struct tl_field){.key = (key_), .kind = TL_FIELD_STR, .s = (str_)})
#define TL_I(key_, n_)   ((struct tl_field){.key = (key_), .kind = TL_FIELD_INT, .i = (int64_t)(n_)})
#define TL_D(key_, n_)   ((struct tl_field){.key = (key_), .kind = TL_FIELD_NUM, .d = (n_)})
/** A negative errno as its name. */
#define TL_E(err_) TL_S("err", strerror(-(err_)))

void tl_log_setup(const char *service, enum tl_level least);
/** fields ends with one of kind TL_FIELD_END. */
void tl_log_line(enum tl_level level, const char *phrase, const struct tl_field *fields);

#define tl_log_(level, phrase, ...) \
    tl_log_line((level), (phrase), (const struct tl_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define tl_debug(phrase, ...) tl_log_(TL_DEBUG, phrase __VA_OPT__(, ) __VA_ARGS__)
#define tl_info(phrase, ...)  tl_log_(TL_INFO, phrase __VA_OPT__(, ) __VA_ARGS__)
#define tl_warn(phrase, ...)  tl_log_(TL_WARN, phrase __VA_OPT__(, ) __VA_ARGS__)
#define tl_error(phrase, ...) tl_log_(TL_ERROR, phrase __VA_OPT__(, ) __VA_ARGS__)

/** At most one line a second for each key (a class of trouble, a peer): true when it may be logged
 * now. */
bool tl_log_allow(const char *key);

#endif
