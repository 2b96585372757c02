#include "nats_wire.h"

#include <stdio.h>
#include <string.h>

enum {
    LINE_MAX = 64 * 1024, /* INFO lists a cluster's addresses */
    WORDS_MAX = 6         /* HMSG subject sid reply headers total */
};

/* ---- reading -------------------------------------------------------------------------------- */

static size_t words_of(struct tl_str line, struct tl_str *words)
{
    struct tl_str word;
    size_t n = 0;

    while (tl_str_split(&line, ' ', &word)) {
        if (!word.n)
            continue;
        if (n == WORDS_MAX)
            return 0;
        words[n++] = word;
    }
    return n;
}

static int number(struct tl_str s, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (!s.n || s.n > 19)
        return -EBADMSG;
    for (size_t i = 0; i < s.n; i++) {
        if (s.s[i] < '0' || s.s[i] > '9')
            return -EBADMSG;
        v = v * 10 + (uint64_t)(s.s[i] - '0');
    }
    if (v > max)
        return -EBADMSG;
    *ret = v;
    return 0;
}

static void header_add(struct nats_frame *f, const char *name, const char *value)
{
    if (f->msg.n_headers < NATS_HEADERS_MAX)
        f->headers[f->msg.n_headers++] = (struct tl_header){name, value};
}

static char *skip_spaces(char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

static void cut_spaces(char *from, char *end)
{
    while (end > from && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *end = '\0';
}

/* "NATS/1.0 503 No Responders": the line is terminated already. */
static void read_status(struct nats_frame *f, char *p)
{
    char *status = skip_spaces(p + strlen("NATS/1.0")), *end = status;

    if (!*status)
        return;
    while (*end && *end != ' ')
        end++;
    if (*end) {
        *end = '\0';
        end = skip_spaces(end + 1);
    }
    header_add(f, "Status", status);
    if (*end)
        header_add(f, "Description", end);
}

/* The block ends with an empty line; its last byte is a line end that we may overwrite. */
static void read_headers(struct nats_frame *f, char *p, size_t n)
{
    char *end = p + n;
    bool first = true;

    if (n < strlen("NATS/1.0\r\n") || memcmp(p, "NATS/1.0", strlen("NATS/1.0")) != 0)
        return;
    while (p < end) {
        char *eol = memchr(p, '\n', (size_t)(end - p)), *colon;

        if (!eol)
            return;
        cut_spaces(p, eol);
        colon = first ? NULL : strchr(p, ':');
        if (first)
            read_status(f, p);
        else if (colon && colon > p) {
            cut_spaces(p, colon);
            header_add(f, p, skip_spaces(colon + 1));
        }
        first = false;
        p = eol + 1;
    }
}

/* After its words: [reply] [size of headers] size of all. */
static int read_msg(struct nats_frame *f, char *p, size_t n, size_t line, struct tl_str *words,
                    size_t n_words, size_t payload_max)
{
    bool has_headers = words[0].n == 4; /* HMSG */
    size_t fixed = has_headers ? 5 : 4; /* words without a reply */
    uint64_t head = 0, total = 0;
    char *body = p + line;

    if (n_words < fixed || n_words > fixed + 1 || number(words[2], UINT64_MAX, &f->sid) ||
        number(words[n_words - 1], payload_max, &total) ||
        (has_headers && number(words[n_words - 2], total, &head)))
        return -EBADMSG;
    f->size = line + total + 2;
    if (n < f->size)
        return 0;
    if (body[total] != '\r' || body[total + 1] != '\n')
        return -EBADMSG;
    f->op = NATS_MSG;
    f->msg = (struct tl_msg){.subject = words[1],
                             .reply = n_words > fixed ? words[3].s : NULL,
                             .data = body + head,
                             .n = total - head,
                             .headers = f->headers};
    p[words[1].s + words[1].n - p] = '\0';
    if (n_words > fixed)
        p[words[3].s + words[3].n - p] = '\0';
    body[total] = '\0';
    if (head)
        read_headers(f, body, head);
    return 0;
}

/* -ERR 'Permissions Violation for Publish to "x"' */
static struct tl_str unquoted(struct tl_str s)
{
    s = tl_str_trim(s);
    if (s.n >= 2 && s.s[0] == '\'' && s.s[s.n - 1] == '\'')
        return (struct tl_str){s.s + 1, s.n - 2};
    return s;
}

int nats_read(struct nats_frame *f, char *p, size_t n, size_t payload_max)
{
    struct tl_str words[WORDS_MAX], line;
    char *eol = memchr(p, '\n', TL_LOWER(n, LINE_MAX));
    size_t n_words;

    f->op = NATS_MORE;
    f->size = 0;
    if (!eol)
        return n < LINE_MAX ? 0 : -EBADMSG;
    line = (struct tl_str){p, (size_t)(eol - p)};
    if (line.n && line.s[line.n - 1] == '\r')
        line.n--;
    if (tl_str_starts(line, TL_STR("MSG ")) || tl_str_starts(line, TL_STR("HMSG "))) {
        n_words = words_of(line, words);
        return n_words ? read_msg(f, p, n, (size_t)(eol - p) + 1, words, n_words, payload_max)
                       : -EBADMSG;
    }
    f->size = (size_t)(eol - p) + 1;
    if (tl_str_eq(line, TL_STR("PING"))) {
        f->op = NATS_PING;
    } else if (tl_str_eq(line, TL_STR("PONG"))) {
        f->op = NATS_PONG;
    } else if (tl_str_eq(line, TL_STR("+OK"))) {
        f->op = NATS_OK;
    } else if (tl_str_starts(line, TL_STR("INFO "))) {
        f->op = NATS_INFO;
        f->text = (struct tl_str){line.s + 5, line.n - 5};
    } else if (tl_str_starts(line, TL_STR("-ERR"))) {
        f->op = NATS_ERR;
        f->text = unquoted((struct tl_str){line.s + 4, line.n - 4});
    } else {
        return -EBADMSG;
    }
    if (f->op == NATS_INFO || f->op == NATS_ERR)
        p[f->text.s + f->text.n - p] = '\0';
    return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool word_ok(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    if (!p || !*p)
        return false;
    while (*p > ' ' && *p != 127)
        p++;
    return !*p;
}

bool nats_subject_ok(const char *subject)
{
    return word_ok(subject);
}

static void put_number(struct tl_buf *b, uint64_t v)
{
    char text[20], *p = text + sizeof(text);

    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    tl_buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

int nats_write_end(struct tl_buf *b, size_t mark)
{
    int err = b->err;

    if (err) {
        b->n = mark;
        b->err = 0;
    }
    return err;
}

size_t nats_headers_size(const struct tl_header *headers, size_t n)
{
    size_t size = n ? strlen("NATS/1.0\r\n\r\n") : 0;

    for (size_t i = 0; i < n; i++)
        size += strlen(headers[i].name) + strlen(headers[i].value) + strlen(": \r\n");
    return size;
}

static void put_headers(struct tl_buf *b, const struct tl_header *headers, size_t n)
{
    tl_buf_puts(b, "NATS/1.0\r\n");
    for (size_t i = 0; i < n; i++) {
        size_t at, size = strlen(headers[i].value);

        tl_buf_puts(b, headers[i].name);
        tl_buf_add(b, ": ", 2);
        at = b->n;
        tl_buf_add(b, headers[i].value, size);
        for (size_t k = at; !b->err && k < at + size; k++)
            if (b->p[k] == '\r' || b->p[k] == '\n')
                b->p[k] = ' ';
        tl_buf_add(b, "\r\n", 2);
    }
    tl_buf_add(b, "\r\n", 2);
}

int nats_write_pub(struct tl_buf *b, const char *subject, const char *reply,
                   const struct tl_header *headers, size_t n_headers, const void *data, size_t n)
{
    size_t mark = b->n, head = nats_headers_size(headers, n_headers);

    if (!word_ok(subject) || (reply && !word_ok(reply)))
        return -EINVAL;
    for (size_t i = 0; i < n_headers; i++)
        if (!word_ok(headers[i].name) || strchr(headers[i].name, ':'))
            return -EINVAL;
    tl_buf_puts(b, head ? "HPUB " : "PUB ");
    tl_buf_puts(b, subject);
    tl_buf_putc(b, ' ');
    if (reply) {
        tl_buf_puts(b, reply);
        tl_buf_putc(b, ' ');
    }
    if (head) {
        put_number(b, head);
        tl_buf_putc(b, ' ');
    }
    put_number(b, head + n);
    tl_buf_add(b, "\r\n", 2);
    if (head)
        put_headers(b, headers, n_headers);
    if (n)
        tl_buf_add(b, data, n);
    tl_buf_add(b, "\r\n", 2);
    return nats_write_end(b, mark);
}

int nats_write_sub(struct tl_buf *b, const char *subject, const char *queue, uint64_t sid)
{
    size_t mark = b->n;

    if (!word_ok(subject) || (queue && !word_ok(queue)))
        return -EINVAL;
    tl_buf_puts(b, "SUB ");
    tl_buf_puts(b, subject);
    tl_buf_putc(b, ' ');
    if (queue) {
        tl_buf_puts(b, queue);
        tl_buf_putc(b, ' ');
    }
    put_number(b, sid);
    tl_buf_add(b, "\r\n", 2);
    return nats_write_end(b, mark);
}

int nats_write_unsub(struct tl_buf *b, uint64_t sid)
{
    size_t mark = b->n;

    tl_buf_puts(b, "UNSUB ");
    put_number(b, sid);
    tl_buf_add(b, "\r\n", 2);
    return nats_write_end(b, mark);
}

int nats_write_connect(struct tl_buf *b, const char *name, const char *user, const char *password)
{
    size_t mark = b->n;

    tl_buf_puts(b, "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":false,"
                   "\"lang\":\"c\",\"version\":\"1\",\"protocol\":1,\"echo\":true,"
                   "\"headers\":true,\"no_responders\":true,\"name\":");
    tl_buf_json_str(b, tl_str(name));
    if (user) {
        tl_buf_puts(b, ",\"user\":");
        tl_buf_json_str(b, tl_str(user));
        tl_buf_puts(b, ",\"pass\":");
        tl_buf_json_str(b, tl_str(password ? password : ""));
    }
    tl_buf_puts(b, "}\r\n");
    return nats_write_end(b, mark);
}
