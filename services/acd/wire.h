/**
 * @file wire.h  Bytes <-> facts, decisions and stored images.  Names become handles here.
 */
#ifndef ACD_WIRE_H
#define ACD_WIRE_H

#include <core/acd.h>
#include <tl_buf.h>

#define WIRE_WHY_MAX 200

/** The methods of threadline.acd.v1.AcdService that become facts, and those that only look. */
enum wire_method {
    WIRE_ENQUEUE,
    WIRE_DEQUEUE,
    WIRE_ACCEPT,
    WIRE_DECLINE,
    WIRE_SET_AGENT_STATE,
    WIRE_RELEASE,
    WIRE_COMPLETE_WRAP_UP,
    WIRE_TRANSFER,
    WIRE_PICK,
    WIRE_REPRIORITISE,
    WIRE_KEEP_PLACE_FOR_CALLBACK,
    WIRE_SET_QUEUE_OPEN,
    WIRE_DRAIN_AGENT,
    WIRE_CONSULT,
    WIRE_COMPLETE_CONSULT,
    WIRE_MERGE_CONSULT,
    WIRE_CANCEL_CONSULT,
    WIRE_LEAVE_SEAT,
    WIRE_GATHERED,
    WIRE_HEARTBEAT,
    WIRE_GET_AGENT,
    WIRE_LIST_CONTACTS,
    WIRE_EXPLAIN,
    WIRE_METHODS
};

const char *wire_method_name(enum wire_method m);
/** WIRE_METHODS if there is none of this name. */
enum wire_method wire_method_find(struct tl_str name);

/** A decoded request: the fact borrows from it. */
struct wire_request {
    enum wire_method method;
    void *message; /**< protobuf; freed by wire_request_done() */
    struct acd_fact fact;
    uint64_t epoch;           /**< the sender's, 0: none */
    enum acd_outcome outcome; /**< ACD_OK, or why it cannot become a fact */
    bool forbidden;           /**< the actor may not */
};

/** skew: what has to be added to the core's time to get the wall's.  0, -EBADMSG, -EMSGSIZE,
 *  -ENOMEM. */
int wire_request(struct wire_request *ret, const struct acd *acd, enum wire_method m,
                 const void *data, size_t n, tl_dur skew);
void wire_request_done(struct wire_request *r);

/** What the writer of messages knows besides the core. */
struct wire_scene {
    const struct acd *acd;
    uint64_t epoch;
    const char *partition;
    tl_time now;
    tl_dur skew;
};

/** The answer to a request that was stepped (or needs no step). */
int wire_answer(const struct wire_scene *s, const struct wire_request *r, struct tl_buf *out);

/** Meta of an event that is to be written. */
struct wire_meta {
    const char *event_id, *boot;
    uint64_t seq;
    tl_time at;
};

/** An AcdEvent for the decision.  *ret_name is the event's name, *ret_key the last part of its
 *  subject.  -ENOENT: this decision is no event. */
int wire_event(const struct wire_scene *s, const struct acd_decision *d, const struct wire_meta *m,
               struct tl_buf *out, const char **ret_name, struct tl_id *ret_key);
int wire_ownership_event(const struct wire_scene *s, const char *instance,
                         const struct wire_meta *m, struct tl_buf *out);
int wire_policy_event(const struct wire_scene *s, const struct wire_meta *m, struct tl_buf *out);
/** Name, type, key, id and thread of an event that comes back from the outbox.  -EBADMSG. */
struct wire_event_head {
    char name[40], type[80];
    struct tl_id id, key, thread, contact;
    tl_time at;
};
int wire_event_head(const void *data, size_t n, struct wire_event_head *ret);

/** A ServerMessage for the agent's desk.  -ENOENT: the desk need not know. */
int wire_push(const struct wire_scene *s, const struct acd_decision *d, struct tl_buf *out);

int wire_supply(const struct wire_scene *s, struct tl_buf *out);
/** One message with at most 500 rows from contact *at on (ACD_NONE: the first); *at moves on and is
 *  ACD_NONE after the last.  *ret_rows: how many. */
int wire_positions(const struct wire_scene *s, uint32_t *at, struct tl_buf *out,
                   uint32_t *ret_rows);

/** Records of Redis. */
int wire_store_contact(const struct wire_scene *s, const struct acd_contact *c, struct tl_buf *out);
int wire_store_agent(const struct acd_agent *a, struct tl_buf *out);
int wire_load_agent(const void *data, size_t n, struct acd_agent *ret);
int wire_store_familiar(const struct acd *acd, const struct acd_familiar *f, struct tl_buf *out);
/** An agent the rules do not know is ACD_NONE. */
int wire_load_familiar(const struct acd *acd, const void *data, size_t n, struct acd_familiar *ret);
/** A contact and its seats, whose parent is not set yet. */
struct wire_stored {
    struct acd_contact contact, seats[ACD_SEATS_MAX];
    unsigned n_seats;
};
/** -ESTALE: its queue is no more (the first queue takes it), *ret is usable. */
int wire_load_contact(const struct acd *acd, const void *data, size_t n, struct wire_stored *ret);

/** An HTTP status for a refusal. */
int wire_status(enum acd_outcome o);
/** "o" and 16 hex digits. */
void wire_offer_id(char out[24], uint64_t offer);

#endif
