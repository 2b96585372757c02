/**
 * @file wire.h  Between protobuf and core types.  wire.c alone knows the generated code.
 */
#ifndef COBROWSE_WIRE_H
#define COBROWSE_WIRE_H

#include "core/room.h"
#include <tl_buf.h>

/** 0; -EBADMSG not a request; -EINVAL: an id is missing or wrong; -ENOMEM. */
int wire_open_room(struct room_names *ret, const void *data, size_t n);
int wire_opened(const struct tl_id tickets[ROOM_ROLES], struct tl_buf *answer);
int wire_close_room(struct tl_id *ret_contact, char ret_cause[40], const void *data, size_t n);

/** Events of a room, keyed by its thread.  As tl_events_emit(). */
struct tl_events;
int wire_room_opened(struct tl_events *e, const struct room_names *n);
int wire_room_closed(struct tl_events *e, const struct room_names *n, const char *cause,
                     uint64_t frames, uint64_t bytes);
int wire_joined(struct tl_events *e, const struct room_names *n, enum room_role role);
int wire_left(struct tl_events *e, const struct room_names *n, enum room_role role);

#endif
