/* Bytes that grow up to a maximum; the first failure sticks. */
#include <stdio.h>
#include <tl_buf.h>
#include <tl_mem.h>

/* Room for n more bytes and the NUL behind them. */
static int grow(struct tl_buf *b, size_t n)
{
    size_t cap = b->cap ? b->cap : 64;
    char *p;

    if (b->err)
        return b->err;
    if (n > b->max || b->n > b->max - n)
        return b->err = -EMSGSIZE;
    if (b->p && b->n + n < b->cap)
        return 0;
    while (cap <= b->n + n)
        cap *= 2;
    p = tl_resize(b->p, cap, 1);
    if (!p)
        return b->err = -ENOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

void tl_buf_done(struct tl_buf *b)
{
    size_t max = b->max;

    tl_free(b->p);
    *b = TL_BUF(max);
}

void tl_buf_clear(struct tl_buf *b)
{
    b->n = 0;
    b->err = 0;
    if (b->p)
        b->p[0] = '\0';
}

int tl_buf_add(struct tl_buf *b, const void *p, size_t n)
{
    int err = grow(b, n);

    if (err)
        return err;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
    return 0;
}

int tl_buf_puts(struct tl_buf *b, const char *s)
{
    return tl_buf_add(b, s, strlen(s));
}

int tl_buf_putc(struct tl_buf *b, char c)
{
    return tl_buf_add(b, &c, 1);
}

int tl_buf_vprintf(struct tl_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n, err;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    err = n < 0 ? (b->err = -EINVAL) : grow(b, (size_t)n);
    if (!err) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
    return err;
}

int tl_buf_printf(struct tl_buf *b, const char *fmt, ...)
{
    va_list ap;
    int err;

    va_start(ap, fmt);
    err = tl_buf_vprintf(b, fmt, ap);
    va_end(ap);
    return err;
}

int tl_buf_json_str(struct tl_buf *b, struct tl_str s)
{
    size_t plain = 0; /* start of what needs no escape */

    tl_buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.s[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        tl_buf_add(b, s.s + plain, i - plain);
        plain = i + 1;
        switch (c) {
        case '"': tl_buf_puts(b, "\\\""); break;
        case '\\': tl_buf_puts(b, "\\\\"); break;
        case '\n': tl_buf_puts(b, "\\n"); break;
        case '\r': tl_buf_puts(b, "\\r"); break;
        case '\t': tl_buf_puts(b, "\\t"); break;
        default: tl_buf_printf(b, "\\u%04x", c);
        }
    }
    tl_buf_add(b, s.n ? s.s + plain : "", s.n - plain);
    return tl_buf_putc(b, '"');
}

void tl_buf_eat(struct tl_buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
    } else {
        memmove(b->p, b->p + n, b->n - n);
        b->n -= n;
    }
    if (b->p)
        b->p[b->n] = '\0';
}

struct tl_str tl_buf_str(const struct tl_buf *b)
{
    return (struct tl_str){.s = b->p ? b->p : "", .n = b->n};
}
