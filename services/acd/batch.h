/**
 * @file batch.h  What one commit writes, and what is said once it is done.
 * Pieces are appended in the order of the decisions; nothing is said before the commit.
 */
#ifndef ACD_BATCH_H
#define ACD_BATCH_H

#include "adapters/store.h"
#include <tl_bus.h>

#define BATCH_BYTES_MAX  (256u << 20)
#define BATCH_PIECES_MAX 4000000u

enum piece_kind {
    PIECE_FORGET,  /**< key: contact id */
    PIECE_CONTACT, /**< key: id, data: record */
    PIECE_AGENT,   /**< key: id, data: record */
    PIECE_GONE,    /**< key: agent id */
    PIECE_EVENT,   /**< key: subject, data: AcdEvent */
    PIECE_PUSH,    /**< key: subject, data: message */
    PIECE_REPLY,   /**< key: reply subject, data: answer */
    PIECE_REFUSAL, /**< key: reply subject, data: reason; code */
    PIECE_KINDS
};

struct piece {
    size_t key_at, at;
    uint32_t key_n, n;
    uint16_t code;
    uint8_t kind;
};

struct batch {
    struct tl_buf bytes;
    struct piece *pieces;
    size_t n_pieces, cap;
    size_t count[PIECE_KINDS];
    uint64_t number;
    tl_time began; /**< monotonic; first piece */
    int err;       /**< 0 or -ENOMEM: a piece is missing, so the batch must not be committed */
    struct tl_str *list; /**< for store_batch */
};

void batch_init(struct batch *b);
void batch_done(struct batch *b);
void batch_clear(struct batch *b);
/** Copies key and data.  Out of memory is remembered in b->err. */
void batch_add(struct batch *b, enum piece_kind kind, struct tl_str key, const void *data,
               size_t n);
void batch_refuse(struct batch *b, const char *reply, int code, const char *reason);
struct tl_str batch_key(const struct batch *b, const struct piece *p);
struct tl_str batch_data(const struct batch *b, const struct piece *p);
/** Whether there is anything to store. */
bool batch_writes(const struct batch *b);
/** The batch as the store wants it; borrowed from the batch.  0 or -ENOMEM. */
int batch_for_store(struct batch *b, uint64_t epoch, struct store_batch *ret);

#endif
