/**
 * @file wire.h  Between protobuf and the plain structs of conversation.
 * wire_in.c decodes what others say, wire_out.c encodes what we say; no other file sees *.pb-c.h.
 * Decoders return 0, -EBADMSG (junk or a mandatory field is missing), -EMSGSIZE or -ENOMEM;
 * encoders append to out and return 0, -ENOMEM or -EMSGSIZE.
 */
#ifndef CV_WIRE_H
#define CV_WIRE_H

#include "adapters/store.h"
#include "core/reconcile.h"
#include <tl_buf.h>

enum cv_method {
    CV_M_REQUEST_CONTACT,
    CV_M_END_CONTACT,
    CV_M_POST_MESSAGE,
    CV_M_RELAY_TYPING,
    CV_M_ANSWER_SURVEY,
    CV_M_COMPLETE_WRAP_UP,
    CV_M_SET_HOLD,
    CV_M_COBROWSE_CONSENT,
    CV_M_COBROWSE_ASK,
    CV_M_GET_SNAPSHOT,
    CV_M_SESSION_LOST,
    CV_M_LIST_WAITING,
    CV_METHODS
};

/** A command as it arrives; the texts live until cv_command_done(). */
struct cv_command {
    enum cv_method method;
    void *owner;
    struct cv_actor actor;
    struct tl_id contact;
    struct tl_id request, visit, invitation;
    int channel;
    struct tl_str section, page_url, text, client_ref, note, disposition, cause;
    bool consent, cobrowse_consent, on;
    int score, limit;
};

/** -ENOSYS: no such method.  -EINVAL: understood but not allowed; why says what (fixed text). */
int cv_wire_command(struct tl_str method, const void *data, size_t n, struct cv_command *ret,
                    const char **why);
void cv_command_done(struct cv_command *cmd);

/** An event of the ACD. */
struct cv_acd_event {
    struct tl_id contact; /**< empty: about an agent */
    bool is_fact;         /**< fact says what; else nothing for us */
    struct cv_fact fact;
    char cause[40]; /**< fact.cause points here */
    tl_time at;
    struct tl_id agent; /**< with a name: how this agent is shown */
    char agent_name[80];
};
int cv_wire_acd_event(const void *data, size_t n, struct cv_acd_event *ret);

/** RoomClosed of cobrowse-relay: contact, and whether the relay did it by itself. */
int cv_wire_room_closed(const void *data, size_t n, struct tl_id *ret_contact, bool *ret_by_itself);

struct cv_position {
    struct tl_id contact;
    int position;
    int expected_wait_s; /**< -1: nobody can say */
};
/** Rows for each(); stops at the first junk. */
int cv_wire_positions(const void *data, size_t n, void (*each)(void *, const struct cv_position *),
                      void *arg);

/* Answers of the others. */
/** closed: the flow said goodbye; cause is set then. */
int cv_wire_route(const void *data, size_t n, struct cv_route *ret, bool *closed, char cause[40]);
int cv_wire_visit(const void *data, size_t n, char name[80], struct tl_buf *packed_visit);
int cv_wire_released(const void *data, size_t n, tl_time *ret_until);
int cv_wire_room(const void *data, size_t n, char customer[64], char agent[64]);
int cv_wire_agent(const void *data, size_t n, char name[80]);

/** Appends to a growing array; ret_n counts. */
int cv_wire_acd_rows(const void *data, size_t n, struct cv_seen **rows, size_t *ret_n);
int cv_wire_media_rows(const void *data, size_t n, struct cv_seen **rows, size_t *ret_n);
int cv_wire_unknown(const void *data, size_t n, struct tl_id **rows, size_t *ret_n);

/* Requests to others. */
int cv_wire_get_visit(const struct tl_id *visit, const struct tl_id *visitor, struct tl_buf *out);
int cv_wire_get_agent(const struct tl_id *agent, struct tl_buf *out);
int cv_wire_acd_list(const struct tl_id *after, struct tl_buf *out);
#define CV_WIRE_SESSIONS_MAX 500
int cv_wire_list_unknown(const struct tl_id *const *sessions, size_t n, struct tl_buf *out);
/** The request that pays one owed bit. */
int cv_wire_work(const struct cv_contact *c, unsigned work, struct tl_buf *out);

/* Answers to commands. */
int cv_wire_accepted(const struct cv_contact *c, struct tl_buf *out);
int cv_wire_posted(const struct cv_message *m, struct tl_buf *out);
int cv_wire_waiting(const struct cv_contact *rows, int n, struct tl_buf *out);

/** A card's parts as the store gave them. */
struct cv_card {
    const struct cv_contact *contact;
    struct tl_str visit;
    const struct cv_earlier *earlier;
    int n_earlier;
};

/** Snapshot that is built piece by piece: append states, cards and messages, then wrap. */
int cv_wire_snapshot_state(const struct cv_contact *c, enum cv_role viewer, struct tl_buf *out);
int cv_wire_snapshot_card(const struct cv_card *card, struct tl_buf *out);
int cv_wire_snapshot_message(const struct cv_message *m, struct tl_buf *out);
/** GetSnapshotResponse around the pieces. */
int cv_wire_snapshot(struct tl_str pieces, struct tl_buf *out);

/* Pushes: each a ServerMessage. */
int cv_wire_state(const struct cv_contact *c, enum cv_role viewer, struct tl_buf *out);
int cv_wire_card(const struct cv_card *card, struct tl_buf *out);
int cv_wire_progress(const struct cv_position *p, struct tl_buf *out);
int cv_wire_chat(const struct cv_message *m, struct tl_buf *out);
int cv_wire_typing(const struct tl_id *contact, bool on, struct tl_buf *out);
int cv_wire_survey(const struct tl_id *contact, const char *question, struct tl_buf *out);
int cv_wire_grant(const struct tl_id *contact, const char *ticket, struct tl_buf *out);
int cv_wire_asked(const struct tl_id *contact, struct tl_buf *out);
int cv_wire_stopped(const struct tl_id *contact, const char *reason, struct tl_buf *out);

/* Events. */
const char *cv_wire_event_name(enum cv_event_kind kind);
/** Without numbers: the outbox gives them. */
int cv_wire_event(const struct cv_event *e, const struct cv_contact *c, const struct tl_id *id,
                  tl_time at, struct tl_buf *out);
/** The event as it is published: with boot, seq and thread_seq.  type: full name of the message. */
int cv_wire_numbered(const struct cv_outbox_row *row, struct tl_buf *out, const char **type);

#endif
