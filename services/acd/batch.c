/* One buffer, many pieces; see batch.h. */
#include "batch.h"
#include <string.h>
#include <tl_mem.h>

void batch_init(struct batch *b)
{
    *b = (struct batch){.bytes = TL_BUF(BATCH_BYTES_MAX)};
}

void batch_done(struct batch *b)
{
    tl_buf_done(&b->bytes);
    tl_free(b->pieces);
    tl_free(b->list);
    batch_init(b);
}

void batch_clear(struct batch *b)
{
    tl_buf_clear(&b->bytes);
    b->n_pieces = 0;
    memset(b->count, 0, sizeof(b->count));
    b->err = 0;
    b->began = 0;
}

static int room(struct batch *b)
{
    size_t cap = b->cap ? b->cap * 2 : 256;

    if (b->n_pieces < b->cap)
        return 0;
    if (cap > BATCH_PIECES_MAX)
        return -ENOMEM;
    struct piece *p = tl_resize(b->pieces, cap, sizeof(*p));
    if (!p)
        return -ENOMEM;
    b->pieces = p;
    b->cap = cap;
    return 0;
}

void batch_add(struct batch *b, enum piece_kind kind, struct tl_str key, const void *data, size_t n)
{
    if (b->err || (b->err = room(b)))
        return;
    struct piece p = {.kind = (uint8_t)kind, .key_at = b->bytes.n, .key_n = (uint32_t)key.n};
    (void)tl_buf_add(&b->bytes, key.s, key.n);
    (void)tl_buf_putc(&b->bytes, '\0'); /* subjects are terminated text for the bus */
    p.at = b->bytes.n;
    p.n = (uint32_t)n;
    if (n)
        (void)tl_buf_add(&b->bytes, data, n);
    (void)tl_buf_putc(&b->bytes, '\0');
    b->err = b->bytes.err;
    if (b->err)
        return;
    b->pieces[b->n_pieces++] = p;
    b->count[kind]++;
}

void batch_refuse(struct batch *b, const char *reply, int code, const char *reason)
{
    if (!reply)
        return;
    batch_add(b, PIECE_REFUSAL, tl_str(reply), reason, strlen(reason));
    if (!b->err)
        b->pieces[b->n_pieces - 1].code = (uint16_t)code;
}

struct tl_str batch_key(const struct batch *b, const struct piece *p)
{
    return (struct tl_str){b->bytes.p + p->key_at, p->key_n};
}

struct tl_str batch_data(const struct batch *b, const struct piece *p)
{
    return (struct tl_str){b->bytes.p + p->at, p->n};
}

bool batch_writes(const struct batch *b)
{
    return b->count[PIECE_FORGET] + b->count[PIECE_CONTACT] + b->count[PIECE_AGENT] +
               b->count[PIECE_GONE] + b->count[PIECE_EVENT] >
           0;
}

int batch_for_store(struct batch *b, uint64_t epoch, struct store_batch *ret)
{
    size_t at[PIECE_KINDS], total = 0;

    for (int k = PIECE_FORGET; k <= PIECE_EVENT; k++) {
        at[k] = total;
        total += b->count[k] * (k == PIECE_CONTACT || k == PIECE_AGENT ? 2 : 1);
    }
    struct tl_str *list = tl_resize(b->list, total + 1, sizeof(*list));
    if (!list)
        return -ENOMEM;
    b->list = list;
    *ret = (struct store_batch){.epoch = epoch,
                                .number = b->number,
                                .n_forget = b->count[PIECE_FORGET],
                                .n_contacts = b->count[PIECE_CONTACT],
                                .n_agents = b->count[PIECE_AGENT],
                                .n_gone = b->count[PIECE_GONE],
                                .n_events = b->count[PIECE_EVENT],
                                .forget = list + at[PIECE_FORGET],
                                .contacts = list + at[PIECE_CONTACT],
                                .agents = list + at[PIECE_AGENT],
                                .gone = list + at[PIECE_GONE],
                                .events = list + at[PIECE_EVENT]};
    for (size_t i = 0; i < b->n_pieces; i++) {
        const struct piece *p = &b->pieces[i];
        if (p->kind > PIECE_EVENT)
            continue;
        if (p->kind != PIECE_EVENT)
            list[at[p->kind]++] = batch_key(b, p);
        if (p->kind == PIECE_CONTACT || p->kind == PIECE_AGENT || p->kind == PIECE_EVENT)
            list[at[p->kind]++] = batch_data(b, p);
    }
    return 0;
}
