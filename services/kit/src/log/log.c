/*
 * One event, one line, one write(2).  The line is built on the stack, so logging works when memory
 * is short, and lines of two threads do not mix.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <unistd.h>

#include "../metrics/metrics.h"

enum {
    LINE_MAX_BYTES = 8192,
    LINES_PER_SECOND = 100,
    SAMPLE = 100, /* over the limit, one line in so many still goes out */
    KEYS = 256,   /* classes of trouble remembered by tl_log_allow() */
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static struct {
    pthread_mutex_t lock;
    char service[40];
    enum tl_level least;
    tl_time second; /* lines counted in this one */
    unsigned lines;
    unsigned dropped; /* since the last line that went out */
    struct {
        uint64_t hash;
        tl_time at;
    } seen[KEYS];
} log_ = {.lock = PTHREAD_MUTEX_INITIALIZER, .service = "-", .least = TL_INFO};

struct line {
    char s[LINE_MAX_BYTES];
    size_t n;
};

/* Room is kept for what closes the line. */
static void put(struct line *l, const char *s, size_t n)
{
    size_t room = sizeof(l->s) - 16 - l->n;

    n = TL_LOWER(n, room);
    memcpy(l->s + l->n, s, n);
    l->n += n;
}

/* Length of the UTF-8 character at s, or 0. */
static size_t char_len(const char *s, size_t n)
{
    for (size_t k = 2; k <= 4 && k <= n; k++)
        if (tl_utf8_ok(s, k))
            return k;
    return 0;
}

static void put_text(struct line *l, struct tl_str t)
{
    char esc[8];

    put(l, "\"", 1);
    for (size_t i = 0; i < t.n;) {
        unsigned char c = (unsigned char)t.s[i];
        size_t k = 1;

        if (sizeof(l->s) - l->n < 64)
            break; /* cut the text, not the JSON */
        if (c == '"' || c == '\\') {
            put(l, (char[]){'\\', (char)c}, 2);
        } else if (c < 0x20 || c == 0x7f) {
            put(l, esc, (size_t)snprintf(esc, sizeof(esc), "\\u%04x", c));
        } else if (c < 0x80) {
            put(l, t.s + i, 1);
        } else if ((k = char_len(t.s + i, t.n - i)) > 0) {
            put(l, t.s + i, k);
        } else {
            put(l, "?", k = 1);
        }
        i += k;
    }
    put(l, "\"", 1);
}

static void put_key(struct line *l, const char *key)
{
    if (l->n > 1)
        put(l, ",", 1);
    put_text(l, tl_str(key));
    put(l, ":", 1);
}

static void put_field(struct line *l, const struct tl_field *f)
{
    char num[40];
    int n = 0;

    if (sizeof(l->s) - l->n < 128 + strlen(f->key))
        return; /* the line is full */
    put_key(l, f->key);
    switch (f->kind) {
    case TL_FIELD_STR: put_text(l, f->s); return;
    case TL_FIELD_INT: n = snprintf(num, sizeof(num), "%lld", (long long)f->i); break;
    case TL_FIELD_NUM:
        n = isfinite(f->d) ? snprintf(num, sizeof(num), "%.9g", f->d)
                           : snprintf(num, sizeof(num), "null");
        break;
    case TL_FIELD_END: return;
    }
    put(l, num, (size_t)n);
}

void tl_log_setup(const char *service, enum tl_level least)
{
    pthread_mutex_lock(&log_.lock);
    (void)tl_str_put(log_.service, sizeof(log_.service), tl_str(service)); /* cut is fine */
    log_.least = least;
    pthread_mutex_unlock(&log_.lock);
    metrics_service(service);
}

/* At most LINES_PER_SECOND, then a sample.  Errors always go out. */
static bool admit(enum tl_level level, tl_time now, unsigned *ret_dropped)
{
    bool ok;

    if (now / TL_SEC(1) != log_.second) {
        log_.second = now / TL_SEC(1);
        log_.lines = 0;
    }
    log_.lines++;
    ok = log_.lines <= LINES_PER_SECOND || level == TL_ERROR || log_.lines % SAMPLE == 0;
    if (!ok) {
        log_.dropped++;
        return false;
    }
    *ret_dropped = log_.dropped;
    log_.dropped = 0;
    return true;
}

void tl_log_line(enum tl_level level, const char *phrase, const struct tl_field *fields)
{
    struct line l = {.n = 0};
    tl_time now = tl_clock_wall();
    unsigned dropped = 0;
    char service[sizeof(log_.service)];
    char at[32];
    bool ok;

    pthread_mutex_lock(&log_.lock);
    ok = level >= log_.least && admit(level, now, &dropped);
    memcpy(service, log_.service, sizeof(service));
    pthread_mutex_unlock(&log_.lock);
    if (!ok)
        return;

    tl_clock_format(at, now);
    put(&l, "{", 1);
    put_field(&l, &TL_S("ts", at));
    put_field(&l, &TL_S("level", level_names[level]));
    put_field(&l, &TL_S("svc", service));
    put_field(&l, &TL_S("msg", phrase));
    for (; fields->kind != TL_FIELD_END; fields++)
        put_field(&l, fields);
    if (dropped)
        put_field(&l, &TL_I("lines_dropped_before", dropped));
    memcpy(l.s + l.n, "}\n", 2);
    (void)!write(STDOUT_FILENO, l.s, l.n + 2); /* nobody to tell when the log is gone */
}

bool tl_log_allow(const char *key)
{
    uint64_t hash = 1469598103934665603ULL; /* FNV-1a */
    tl_time now = tl_clock_mono();
    size_t at;
    bool ok;

    for (const char *p = key; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211ULL;
    at = hash % KEYS;
    pthread_mutex_lock(&log_.lock);
    /* A slot holds the key that was last allowed there: keys that share it may cost a line more. */
    ok = log_.seen[at].hash != hash || now - log_.seen[at].at >= TL_SEC(1);
    if (ok) {
        log_.seen[at].hash = hash;
        log_.seen[at].at = now;
    }
    pthread_mutex_unlock(&log_.lock);
    return ok;
}
