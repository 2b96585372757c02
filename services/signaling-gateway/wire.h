/**
 * @file wire.h  Between JSON frames, protobuf messages and core types.  The wire files alone know
 * the generated code: wire.c (frames, their commands and answers), wire_push.c (what is pushed to
 * browsers), wire_ask.c (what the gateway asks by itself), wire_events.c, wire_rest.c.  All out
 * buffers are appended to.
 */
#ifndef SIGNALING_WIRE_H
#define SIGNALING_WIRE_H

#include "core/who.h"
#include <tl_pb.h>

#define WIRE_REPLY_ID_MAX 64 /**< longest id of a ClientMessage [bytes] */

/** A ClientMessage, parsed. */
struct wire_frame {
    ProtobufCMessage *message;      /**< owned; see wire_frame_done() */
    struct tl_str member;           /**< field name, e.g. "accept_offer"; empty: none is set */
    char id[WIRE_REPLY_ID_MAX + 1]; /**< goes into the answer's in_reply_to */
};

/**
 * JSON of a frame -> ret.  Free with wire_frame_done() on success.
 *
 * @return 0; -EBADMSG not JSON; -EINVAL does not fit ClientMessage, no member, id too long;
 * -ENOMEM. why says it for the client
 */
int wire_frame(struct wire_frame *ret, struct tl_str json, struct tl_buf *why);
void wire_frame_done(struct wire_frame *f);

/** What a frame asks of another service. */
struct wire_call {
    const struct wire_row *row; /**< how to read the answer */
    char subject[64];
    tl_dur timeout;
    int tries;
};

/** Member subscribe_board, which the gateway itself answers; ret_on as asked. */
bool wire_is_subscribe_board(const struct wire_frame *f, bool *ret_on);
/** Member set_agent_state: what the agent wants to be. */
bool wire_is_agent_state(const struct wire_frame *f, bool *ret_ready, struct tl_str *ret_reason);

/** Frame -> command.  0; -EINVAL with why: a field is not acceptable; -ENOMEM, -EMSGSIZE. */
int wire_call(struct wire_call *ret, struct tl_buf *request, const struct wire_frame *f,
              const struct who *who, struct tl_buf *why);
/** The service's answer -> ServerMessage as JSON; nothing where it would only say ok to a frame
 * without an id.  0, -EBADMSG, -ENOMEM. */
int wire_answer(const struct wire_call *call, const char *in_reply_to, const void *data, size_t n,
                struct tl_buf *json);

/** Nothing for a frame without an id: nobody waits for it. */
int wire_ok(const char *in_reply_to, struct tl_buf *json);
/** Also for a frame without an id: whoever did wrong should know. */
int wire_error(const char *in_reply_to, int code, const char *reason, struct tl_buf *json);

/** What an agent may choose from; arrays of terminated text, borrowed. */
struct wire_choices {
    const char *const *reason_ids;
    const char *const *reason_labels;
    size_t n_reasons;
    const char *const *dispositions;
    size_t n_dispositions;
};

struct wire_welcome {
    const struct who *who;
    const char *resume_token;
    const char *media_instance;
    bool resumed;
    const struct wire_choices *choices; /**< agents; else NULL */
    const char *const *ice_servers;     /**< borrowed */
    size_t n_ice_servers;
};
int wire_welcome(const struct wire_welcome *w, struct tl_buf *json);

/** What the gateway itself learns from a push to an agent. */
struct wire_learned {
    bool agent_state; /**< it tells of the agent's state: */
    bool ready;
    char reason[40];
    bool contact_state; /**< it tells of a contact: */
    bool talking;       /**< connected or held, with this agent */
    char contact[TL_ID_MAX + 1], agent[TL_ID_MAX + 1];
};
/** A pushed ServerMessage -> JSON.  learned may be NULL.  0; -EBADMSG: not a ServerMessage with a
 * member; -ENOMEM. */
int wire_push(const void *data, size_t n, struct wire_learned *learned, struct tl_buf *json);

/** Board as analytics publishes it -> frame {"board":{...}} and the board alone. */
int wire_board(const void *data, size_t n, struct tl_buf *frame, struct tl_buf *board);

/** Actor of a session, as GetSnapshotRequest and SessionLostRequest carry it. */
int wire_get_snapshot(const struct who *who, struct tl_buf *request);
int wire_session_lost(const struct who *who, const char *cause, struct tl_buf *request);
int wire_get_agent(const struct tl_id *agent, struct tl_buf *request);
int wire_set_agent(const struct who *who, bool ready, bool offline, const char *reason,
                   struct tl_buf *request);
/** Answer of GetAgent: is the agent known and not offline?  0 or -EBADMSG. */
int wire_agent_online(const void *data, size_t n, bool *ret_online);

/** GetSnapshot's answer and, for agents, GetAgent's or SetAgentState's (n_agent 0: none) -> frame.
 */
int wire_snapshot(const void *snapshot, size_t n_snapshot, const void *agent, size_t n_agent,
                  struct tl_buf *json);

/** GetSnapshot's answer: how many contacts.  0 or -EBADMSG. */
int wire_snapshot_contacts(const void *data, size_t n, size_t *ret);

struct wire_agent_session {
    const char *agent_id;
    const char *session_id;
};
int wire_heartbeat(const char *gateway, const struct wire_agent_session *agents, size_t n,
                   struct tl_buf *request);
/** Calls fn for each agent that the ACD does not know.  0 or -EBADMSG. */
int wire_heartbeat_unknown(const void *data, size_t n, void (*fn)(void *arg, struct tl_str agent),
                           void *arg);

int wire_taken(struct tl_str session, const char *gateway, struct tl_buf *out);
/** -EBADMSG: junk. */
int wire_taken_read(const void *data, size_t n, struct tl_id *ret_session,
                    struct tl_id *ret_gateway);

#define WIRE_UNKNOWN_MAX 500
/** ListUnknown's question; ret is the caller's to free, NULL when n is 0.  -EBADMSG: junk, or more
 * than WIRE_UNKNOWN_MAX; -ENOMEM. */
int wire_list_unknown_read(const void *data, size_t n, struct tl_id **ret, size_t *ret_n);
/** Its answer. */
int wire_unknown(const struct tl_id *sessions, size_t n, struct tl_buf *out);

/** Events; key: agent id or visitor id.  As tl_events_emit(). */
struct tl_events;
int wire_session_started(struct tl_events *e, const struct who *who);
int wire_session_resumed(struct tl_events *e, const struct who *who, tl_dur away);
int wire_session_ended(struct tl_events *e, const struct who *who, const char *cause);
int wire_agent_signed_in(struct tl_events *e, const struct who *who);
int wire_agent_signed_out(struct tl_events *e, const struct who *who, const char *cause);

/* ---- bodies of the REST API ---- */

struct wire_sign_in {
    char username[40];
    char password[257];
};
int wire_sign_in_read(struct wire_sign_in *ret, struct tl_str json, struct tl_buf *why);
int wire_signed_in(const char *token, const struct who *who, tl_dur life, struct tl_buf *json);
/** resume_token empty when absent; at most TL_TOKEN_MAX bytes. */
int wire_new_session_read(struct tl_buf *resume_token, struct tl_str json, struct tl_buf *why);
int wire_new_session(const char *ticket, tl_dur life, struct tl_buf *json);

#endif
