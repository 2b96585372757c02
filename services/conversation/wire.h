/**
 * @file wire.h  Between protobuf and the plain structs of conversation.
 * wire_commands.c and wire_in.c decode what others say, wire_out.c, wire_requests.c and
 * wire_events.c encode what we say; no other file sees *.pb-c.h. Decoders return 0, -EBADMSG (junk
 * or a mandatory field is missing), -EMSGSIZE or -ENOMEM; encoders append to out and return 0,
 * -ENOMEM or -EMSGSIZE.
 */
#ifndef CONVERSATION_WIRE_H
#define CONVERSATION_WIRE_H

#include "adapters/store.h"
#include "core/reconcile.h"
#include <tl_buf.h>

enum wire_method {
    METHOD_REQUEST_CONTACT,
    METHOD_END_CONTACT,
    METHOD_POST_MESSAGE,
    METHOD_RELAY_TYPING,
    METHOD_ANSWER_SURVEY,
    METHOD_COMPLETE_WRAP_UP,
    METHOD_SET_HOLD,
    METHOD_COBROWSE_CONSENT,
    METHOD_COBROWSE_ASK,
    METHOD_GET_SNAPSHOT,
    METHOD_SESSION_LOST,
    METHOD_LIST_WAITING,
    METHOD_COUNT
};

/** A command as it arrives; the texts live until wire_command_done(). */
struct wire_command {
    enum wire_method method;
    void *owner;
    struct contact_actor actor;
    struct tl_id contact;
    struct tl_id request, visit, invitation;
    int channel;
    struct tl_str section, page_url, text, client_ref, note, disposition;
    bool cobrowse_consent, on;
    int score, limit;
};

/** -ENOSYS: no such method.  -EINVAL: understood but not allowed; why says what (fixed text). */
int wire_command(struct tl_str method, const void *data, size_t n, struct wire_command *ret,
                 const char **why);
void wire_command_done(struct wire_command *cmd);

/** An event of the ACD. */
struct wire_acd_event {
    struct tl_id contact; /**< empty: about an agent */
    bool is_fact;         /**< fact says what; else nothing for us */
    struct contact_fact fact;
    char cause[40]; /**< fact.cause points here */
    tl_time at;
    struct tl_id agent; /**< with a name: how this agent is shown */
    char agent_name[80];
    bool new_owner; /**< the ACD begins anew: it may have lost something */
};
int wire_acd_event(const void *data, size_t n, struct wire_acd_event *ret);

/** RoomClosed of cobrowse-relay: contact, and whether the relay did it by itself. */
int wire_room_closed(const void *data, size_t n, struct tl_id *ret_contact, bool *ret_by_itself);

struct queue_position {
    struct tl_id contact;
    int position;
    int expected_wait_s; /**< -1: nobody can say */
};
/** Rows for each(); stops at the first junk. */
int wire_positions(const void *data, size_t n, void (*each)(void *, const struct queue_position *),
                   void *arg);

/* Answers of the others. */
/** closed: the flow said goodbye; cause and farewell are set then. */
int wire_route(const void *data, size_t n, struct contact_route *ret, bool *closed, char cause[40],
               char farewell[200]);
int wire_visit(const void *data, size_t n, char name[80], struct tl_buf *packed_visit);
int wire_released(const void *data, size_t n, tl_time *ret_until);
int wire_room(const void *data, size_t n, char customer[64], char agent[64]);
int wire_agent(const void *data, size_t n, char name[80]);

/** Appends the ACD's rows to the views, with its epoch and what it awaits. */
int wire_acd_rows(const void *data, size_t n, struct reconcile_views *views);
/** Appends to a growing array; ret_n counts. */
int wire_media_rows(const void *data, size_t n, struct reconcile_seen **rows, size_t *ret_n);
int wire_unknown(const void *data, size_t n, struct tl_id **rows, size_t *ret_n);

/* Requests to others. */
int wire_get_visit(const struct tl_id *visit, const struct tl_id *visitor, struct tl_buf *out);
int wire_get_agent(const struct tl_id *agent, struct tl_buf *out);
int wire_acd_list(const struct tl_id *after, struct tl_buf *out);
int wire_gathered(uint64_t epoch, struct tl_buf *out);
#define WIRE_SESSIONS_MAX 500
int wire_list_unknown(const struct tl_id *const *sessions, size_t n, struct tl_buf *out);
/** The request that pays one owed bit. */
int wire_work(const struct contact *c, unsigned work, struct tl_buf *out);

/* Answers to commands. */
int wire_accepted(const struct contact *c, struct tl_buf *out);
int wire_posted(const struct contact_message *m, struct tl_buf *out);
int wire_waiting(const struct contact *rows, int n, struct tl_buf *out);

/** A card's parts as the store gave them. */
struct contact_card {
    const struct contact *contact;
    struct contact_history history;
};

/** Snapshot that is built piece by piece: append states, cards and messages, then wrap. */
int wire_snapshot_state(const struct contact *c, enum contact_role viewer, struct tl_buf *out);
int wire_snapshot_card(const struct contact_card *card, struct tl_buf *out);
int wire_snapshot_message(const struct contact_message *m, struct tl_buf *out);
/** GetSnapshotResponse around the pieces. */
int wire_snapshot(struct tl_str pieces, struct tl_buf *out);

/* Pushes: each a ServerMessage. */
int wire_state(const struct contact *c, enum contact_role viewer, struct tl_buf *out);
int wire_card(const struct contact_card *card, struct tl_buf *out);
int wire_progress(const struct queue_position *p, struct tl_buf *out);
int wire_chat(const struct contact_message *m, struct tl_buf *out);
int wire_typing(const struct tl_id *contact, bool on, struct tl_buf *out);
int wire_survey(const struct tl_id *contact, const char *question, struct tl_buf *out);
int wire_grant(const struct tl_id *contact, const char *ticket, struct tl_buf *out);
int wire_asked(const struct tl_id *contact, struct tl_buf *out);
int wire_stopped(const struct tl_id *contact, const char *reason, struct tl_buf *out);

/* Events. */
const char *wire_event_name(enum contact_event_kind kind);
/** Without numbers: the outbox gives them. */
int wire_event(const struct contact_event *e, const struct contact *c, const struct tl_id *id,
               tl_time at, struct tl_buf *out);
/** The event as it is published: with boot, seq and thread_seq.  type: full name of the message. */
int wire_numbered(const struct outbox_row *row, struct tl_buf *out, const char **type);

#endif
