/* What a server says, cut anywhere: nothing is read beyond the end, every text ends in a NUL, and
 * a frame is the same whole and in pieces. */
#include <src/bus/nats_wire.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_frame(const struct nats_frame *f, const char *p, size_t n)
{
    check(f->size > 0 && f->size <= n);
    if (f->op == NATS_INFO || f->op == NATS_ERR)
        check(f->text.s[f->text.n] == '\0');
    if (f->op != NATS_MSG)
        return;
    check(f->msg.subject.s[f->msg.subject.n] == '\0');
    check((const char *)f->msg.data + f->msg.n < p + n);
    check(((const char *)f->msg.data)[f->msg.n] == '\0');
    check(f->msg.n_headers <= NATS_HEADERS_MAX);
    for (size_t i = 0; i < f->msg.n_headers; i++)
        check(strlen(f->msg.headers[i].name) + strlen(f->msg.headers[i].value) < n);
    check(!f->msg.reply || strlen(f->msg.reply) < n);
}

/* A copy of exactly n bytes: whoever reads beyond them is caught. */
static int read_copy(struct nats_frame *f, const uint8_t *data, size_t n)
{
    char *p = malloc(n);
    int err;

    check(p != NULL);
    memcpy(p, data, n);
    err = nats_read(f, p, n, 4096);
    if (!err && f->op != NATS_MORE)
        check_frame(f, p, n);
    free(p);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct nats_frame whole, part;
    int err;

    while (size) {
        size_t n = 1 + (size_t)data[0] * 31 % size;

        err = read_copy(&part, data, n);
        if (read_copy(&whole, data, size)) {
            check(err || part.op == NATS_MORE);
            break;
        }
        check(!err && (part.op == NATS_MORE || (part.op == whole.op && part.size == whole.size)));
        if (whole.op == NATS_MORE)
            break;
        data += whole.size;
        size -= whole.size;
    }
    return 0;
}
