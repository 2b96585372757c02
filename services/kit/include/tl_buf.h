/**
 * @file tl_buf.h  Bytes that grow, up to a maximum that is always given.
 * Once an append fails the buffer remembers (err) and refuses the rest, so a chain of appends needs
 * one check. Quiet half: a core may include it.
 */
#ifndef TL_BUF_H
#define TL_BUF_H

#include <stdarg.h>
#include <tl_str.h>

struct tl_buf {
    char *p; /**< n bytes, followed by a NUL that is not counted; NULL while empty */
    size_t n;
    size_t cap;
    size_t max; /**< most bytes it may hold */
    int err;    /**< 0, -ENOMEM or -EMSGSIZE: first failure since init or clear */
};

#define TL_BUF(max_bytes) ((struct tl_buf){.max = (max_bytes)})

void tl_buf_done(struct tl_buf *b);
/** Empty, but keeps its memory and forgets err. */
void tl_buf_clear(struct tl_buf *b);
int tl_buf_add(struct tl_buf *b, const void *p, size_t n);
int tl_buf_puts(struct tl_buf *b, const char *s);
int tl_buf_putc(struct tl_buf *b, char c);
int tl_buf_printf(struct tl_buf *b, const char *fmt, ...) TL_PRINTF(2, 3);
int tl_buf_vprintf(struct tl_buf *b, const char *fmt, va_list ap) TL_PRINTF(2, 0);
/** Text as a JSON string with quotes; control characters escaped, input must be UTF-8. */
int tl_buf_json_str(struct tl_buf *b, struct tl_str s);
/** Removes n bytes from the front. */
void tl_buf_eat(struct tl_buf *b, size_t n);
struct tl_str tl_buf_str(const struct tl_buf *b);

#endif
