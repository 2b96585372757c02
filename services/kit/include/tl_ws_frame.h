/**
 * @file tl_ws_frame.h  WebSocket frames, pure: bytes in, frames out (RFC 6455, sections 5 and 7.4).
 * Both sides: a server unmasks what it reads, a client masks what it writes.  No I/O, no
 * allocation. Quiet half.
 */
#ifndef TL_WS_FRAME_H
#define TL_WS_FRAME_H

#include <tl_str.h>

enum tl_ws_op {
    TL_WS_CONT = 0x0,
    TL_WS_TEXT = 0x1,
    TL_WS_BINARY = 0x2,
    TL_WS_CLOSE = 0x8,
    TL_WS_PING = 0x9,
    TL_WS_PONG = 0xA,
};

/** Close codes (RFC 6455 7.4.1; 1012, 1013 from the IANA registry; 4xxx are ours). */
enum tl_ws_code {
    TL_WS_NORMAL = 1000,
    TL_WS_GOING_AWAY = 1001,
    TL_WS_PROTOCOL_ERROR = 1002,
    TL_WS_UNSUPPORTED = 1003,
    TL_WS_NO_STATUS = 1005,
    TL_WS_ABNORMAL = 1006,
    TL_WS_BAD_DATA = 1007,
    TL_WS_POLICY = 1008,
    TL_WS_TOO_BIG = 1009,
    TL_WS_INTERNAL = 1011,
    TL_WS_RESTART = 1012,
    TL_WS_OVERLOAD = 1013,
    TL_WS_IDLE = 4008,
    TL_WS_SUPERSEDED = 4009,
};

struct tl_ws_head {
    enum tl_ws_op op;
    bool fin;
    bool masked;
    uint8_t mask[4];
    uint64_t length;  /**< payload [bytes] */
    size_t head_size; /**< header [bytes]: 2 to 14 */
};

/**
 * Parse a frame header at p.
 *
 * @return 1: complete; 0: more bytes needed; -EPROTO: reserved bit or opcode, control frame
 * fragmented or longer than 125, length not minimal or with the top bit set (close with 1002)
 */
int tl_ws_head_parse(struct tl_ws_head *ret, const uint8_t *p, size_t n);

/** Write a header for a frame of length bytes; mask NULL: unmasked.  Returns its size, 2 to 14. */
size_t tl_ws_head_write(uint8_t out[14], enum tl_ws_op op, bool fin, uint64_t length,
                        const uint8_t *mask);

/** XOR n bytes with the mask; offset is the position of p in the payload. */
void tl_ws_mask(uint8_t *p, size_t n, const uint8_t mask[4], uint64_t offset);

/** UTF-8 over fragments: state starts at 0; returns false at the first impossible byte. */
bool tl_ws_utf8_step(uint32_t *state, const uint8_t *p, size_t n);
/** No sequence is left open. */
bool tl_ws_utf8_end(uint32_t state);

/** A code that may be in a close frame from a peer (RFC 6455 7.4). */
bool tl_ws_code_ok(unsigned code);

/** Sec-WebSocket-Accept for a key (RFC 6455 4.2.2); false unless the key is 16 bytes in base64. */
bool tl_ws_accept_key(char out[29], struct tl_str key);

#endif
