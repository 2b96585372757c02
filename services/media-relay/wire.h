/**
 * @file wire.h  Commands, pushes and events: protobuf <-> facts and decisions.
 */
#ifndef MEDIA_WIRE_H
#define MEDIA_WIRE_H

#include "core/legs.h"

#include <protobuf-c/protobuf-c.h>
#include <tl_buf.h>

enum wire_method {
    WIRE_PREPARE_CONTACT,
    WIRE_OFFER_LEG,
    WIRE_ANSWER_LEG,
    WIRE_CLOSE_LEG,
    WIRE_CONNECT_CONTACT,
    WIRE_HOLD_CONTACT,
    WIRE_RELEASE_CONTACT,
    WIRE_LIST_CONTACTS,
    WIRE_METHODS
};

/** "prepare_contact": last word of the command's subject. */
const char *wire_method_name(enum wire_method method);

/** A decoded command; fact and sdp point into it until wire_command_done(). */
struct wire_command {
    struct legs_fact fact;
    const char *sdp; /* offers and answers */
    char music[64];
    char announcements[LEGS_TEXT];
    ProtobufCMessage *message;
};

/** 0; -EBADMSG: junk; -EINVAL: a field is wrong, *ret_why says which; -ENOMEM. */
int wire_decode(struct wire_command *ret, enum wire_method method, const void *data, size_t n,
                const char **ret_why);
void wire_command_done(struct wire_command *c);

/** Responses.  All of these append to out and return 0 or -ENOMEM. */
int wire_empty(struct tl_buf *out);
int wire_answer(struct tl_buf *out, const char *instance, const struct tl_id *contact,
                const struct tl_id *leg, const char *sdp);
int wire_contacts(struct tl_buf *out, const struct legs *legs);

/** Pushes to a browser. */
int wire_push_view(struct tl_buf *out, const char *instance, const struct legs_decision *d,
                   const char *sdp);
int wire_push_closed(struct tl_buf *out, const char *instance, const struct legs_decision *d);
int wire_push_reoffer(struct tl_buf *out, const char *instance, const char *reason);

int wire_beat(struct tl_buf *out, const char *instance, bool accepting, int legs, const char *boot);

/** Calls emit(arg, envelope) for each event that a LEGS_TELL_* decision is about. */
typedef void wire_emit_fn(void *arg, ProtobufCMessage *envelope);
void wire_events(const struct legs_decision *d, wire_emit_fn *emit, void *arg);

#endif
