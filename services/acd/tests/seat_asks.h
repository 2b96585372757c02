/**
 * @file seat_asks.h  Requests about seats, as services send them.
 */
#ifndef ACD_SEAT_ASKS_H
#define ACD_SEAT_ASKS_H

#include <wire_pb.h>

struct seat_ask {
    Threadline__Common__V1__Actor by;
    Threadline__Acd__V1__ConsultRequest consult;
    Threadline__Acd__V1__MergeConsultRequest merge;
    Threadline__Acd__V1__CompleteConsultRequest complete;
    Threadline__Acd__V1__CancelConsultRequest cancel;
    Threadline__Acd__V1__LeaveSeatRequest leave;
};

/** The method's message; whom a consult is for is filled in by who asks for one. */
static inline void *seat_ask(struct seat_ask *q, enum wire_method m, const char *by,
                             const char *contact, const char *seat)
{
    threadline__common__v1__actor__init(&q->by);
    threadline__acd__v1__consult_request__init(&q->consult);
    threadline__acd__v1__merge_consult_request__init(&q->merge);
    threadline__acd__v1__complete_consult_request__init(&q->complete);
    threadline__acd__v1__cancel_consult_request__init(&q->cancel);
    threadline__acd__v1__leave_seat_request__init(&q->leave);
    q->by.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    q->by.agent_id = lent(by);
    q->by.session_id = lent("S1");
    q->consult.actor = q->merge.actor = q->complete.actor = q->cancel.actor = q->leave.actor =
        &q->by;
    q->consult.contact_id = q->merge.contact_id = q->complete.contact_id = q->cancel.contact_id =
        q->leave.contact_id = lent(contact);
    q->consult.seat_id = q->merge.seat_id = q->complete.seat_id = q->cancel.seat_id = lent(seat);
    switch (m) {
    case WIRE_CONSULT: return &q->consult;
    case WIRE_MERGE_CONSULT: return &q->merge;
    case WIRE_COMPLETE_CONSULT: return &q->complete;
    case WIRE_CANCEL_CONSULT: return &q->cancel;
    default: return &q->leave;
    }
}

#endif
