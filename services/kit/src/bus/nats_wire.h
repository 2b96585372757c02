/*
 * The client protocol of NATS as bytes: what a server says, read in place, and what a client says,
 * appended to a buffer.  Pure: no socket, no clock, no log.
 *
 * Source: docs.nats.io, "NATS protocol", protocol 1 with headers (ADR-4).
 */
#ifndef KIT_BUS_NATS_WIRE_H
#define KIT_BUS_NATS_WIRE_H

#include <tl_buf.h>
#include <tl_bus.h>

enum { NATS_HEADERS_MAX = 32 }; /* of a message; further ones are not seen */

enum nats_op { NATS_MORE, NATS_INFO, NATS_MSG, NATS_PING, NATS_PONG, NATS_OK, NATS_ERR };

struct nats_frame {
    enum nats_op op;    /**< NATS_MORE: it is not all there yet */
    size_t size;        /**< bytes it took; with NATS_MORE: bytes it will take, as far as known */
    struct tl_str text; /**< INFO: JSON; ERR: the server's words */
    uint64_t sid;
    struct tl_msg msg; /**< MSG; points into the buffer, headers into this frame */
    struct tl_header headers[NATS_HEADERS_MAX];
};

/**
 * Read the frame at the front of a buffer.
 *
 * Once it is whole its separators are overwritten, so that subject, reply, header names and values,
 * text and data are each followed by a NUL.  The status line of a header block becomes the headers
 * Status and Description.  Header lines that make no sense are left out: their sender is another
 * client, and the connection is not to blame.
 *
 * @param p           At least one byte; changed
 * @param payload_max Most bytes of headers and data together that the server allows
 *
 * @return 0, or -EBADMSG: no NATS server speaks like this
 */
int nats_read(struct nats_frame *f, char *p, size_t n, size_t payload_max);

/**
 * Append PUB or HPUB, whole or not at all.
 *
 * @return 0; -EINVAL: a subject or header name with spaces or control characters; -ENOMEM;
 *         -EMSGSIZE: the buffer's max.  Line ends in a header's value become spaces.
 */
int nats_write_pub(struct tl_buf *b, const char *subject, const char *reply,
                   const struct tl_header *headers, size_t n_headers, const void *data, size_t n);
/** Bytes of the block that these make; 0 for none. */
size_t nats_headers_size(const struct tl_header *headers, size_t n);
/** 0; -EINVAL as above, -ENOMEM, -EMSGSIZE. */
int nats_write_sub(struct tl_buf *b, const char *subject, const char *queue, uint64_t sid);
int nats_write_unsub(struct tl_buf *b, uint64_t sid);
/** user NULL: none. */
int nats_write_connect(struct tl_buf *b, const char *name, const char *user, const char *password);
/** Takes back everything after mark if something did not fit; the error then. */
int nats_write_end(struct tl_buf *b, size_t mark);

/** One token or several joined by dots, without spaces and control characters. */
bool nats_subject_ok(const char *subject);

#endif
