/**
 * @file wire_pb.h  Messages that more than one part of the wire fills: for wire*.c only.
 */
#ifndef ACD_WIRE_PB_H
#define ACD_WIRE_PB_H

#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/acd/v1/events.pb-c.h"
#include "threadline/acd/v1/state.pb-c.h"
#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/signaling/v1/client.pb-c.h"
#include "wire.h"

struct wire_offer {
    Threadline__Signaling__V1__Offer message;
    char id[24];
};

struct wire_row {
    Threadline__Acd__V1__ContactRow message;
    char offer[24];
    Threadline__Acd__V1__SeatRow seats[ACD_SEATS_MAX], *seat_list[ACD_SEATS_MAX];
    char seat_offers[ACD_SEATS_MAX][24];
};

struct wire_envelope {
    Threadline__Acd__V1__AcdEvent event;
    Threadline__Event__V1__Meta meta;
    char trace_id[TL_TRACE_ID_N + 1];
};

/** protobuf-c wants char *; packing only reads. */
static inline char *lent(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* The member of the oneof and its case, set together. */
#define WIRE_OF_EVENT(e, field, case_) \
    ((e)->event.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_##case_, &(field))

/** A why-record as it is written, with what it borrows. */
struct wire_why {
    Threadline__Acd__V1__Why message;
    Threadline__Acd__V1__Candidate candidates[ACD_WHY_MAX], *candidate_list[ACD_WHY_MAX];
    Threadline__Acd__V1__Rejections rejections[ACD_REJECTIONS], *rejection_list[ACD_REJECTIONS];
    char line[WIRE_WHY_MAX];
};

const char *wire_queue_name(const struct acd *acd, uint32_t queue);
const char *wire_display_name(const struct acd *acd, uint32_t agent);
/** An event about the contact; about a seat it is that of its contact. */
void wire_begin(struct wire_envelope *e, const struct wire_scene *s, const struct wire_meta *m,
                const struct acd_contact *c);
/** Of a decision that has one. */
void wire_why(const struct wire_scene *s, const struct acd_decision *d, struct wire_why *ret);
/** The decision is about a seat, or a contact changes hands.  -ENOENT: no event. */
int wire_seat_event(struct wire_envelope *e, const struct wire_scene *s,
                    const struct acd_decision *d, struct tl_buf *out);
void wire_agent_state(const struct wire_scene *s, uint32_t agent,
                      Threadline__Signaling__V1__AgentState *ret);
/** why is borrowed as long as the message. */
void wire_offer(const struct wire_scene *s, const struct acd_contact *c, const char *why,
                struct wire_offer *ret);
void wire_row(const struct wire_scene *s, uint32_t contact, struct wire_row *ret);
/** The contact, or the one whose seat it is. */
const struct acd_contact *wire_contact_of(const struct acd *acd, const struct acd_contact *c);

#endif
