/**
 * @file tl_pb.h  protobuf at the edge of a service: bounded decoding, and JSON with the same names.
 */
#ifndef TL_PB_H
#define TL_PB_H

#include <protobuf-c/protobuf-c.h>
#include <tl_buf.h>

#define TL_PB_MAX (256 * 1024) /**< largest message [bytes] */

/**
 * Decode with limits: TL_PB_MAX bytes of wire, 8 MiB of memory, every string valid UTF-8 without
 * NUL, repeated fields at most 10 000, enum values known to the schema.  Unknown fields are kept.
 *
 * @return 0, -EBADMSG (junk), -EMSGSIZE (over a limit), -ENOMEM.  Free with tl_pb_free().
 */
int tl_pb_unpack(const ProtobufCMessageDescriptor *d, const void *data, size_t n,
                 ProtobufCMessage **ret);
/** Class of such an error for tl_bad_input(): "oversize", "malformed", "field" (-EINVAL: decoded,
 *  but it makes no sense), "method" (-ENOSYS), "memory". */
const char *tl_pb_fault(int err);
/** NULL is fine; returns NULL. */
void *tl_pb_free(void *message);
/** Appends the packed message. */
int tl_pb_pack(const void *message, struct tl_buf *out);

/** Typed: struct names as protoc-c makes them.  TL_PB_UNPACK(threadline__acd__v1__enqueue_request,
 * data, n, &req) */
#define TL_PB_UNPACK(lower, data, n, ret) \
    tl_pb_unpack(&lower##__descriptor, (data), (n), (ProtobufCMessage **)(ret))

/** Message -> JSON (proto field names, enums by name, 64 bit integers as numbers, bytes in base64;
 * fields that have their default value are left out).  0, -ENOMEM, -EMSGSIZE. */
int tl_pb_to_json(const void *message, struct tl_buf *out);

/**
 * JSON -> message.  Strict: at most 64 KiB, depth 32, no duplicate or unknown keys, no NUL,
 * integers within 2^53 and the field's type, one member of a oneof.
 *
 * @param why receives a JSON pointer and a reason, "/send_message/text: must be a string"
 * @return 0, -EBADMSG (not JSON), -EINVAL (does not fit the message), -ENOMEM.  Free with
 * tl_pb_free().
 */
int tl_pb_from_json(const ProtobufCMessageDescriptor *d, struct tl_str json, ProtobufCMessage **ret,
                    struct tl_buf *why);

/** Field that is set in the message's (first) oneof, NULL if none: its name is the event's name. */
const ProtobufCFieldDescriptor *tl_pb_which(const void *message);

#endif
