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
};

void wire_agent_state(const struct wire_scene *s, uint32_t agent,
                      Threadline__Signaling__V1__AgentState *ret);
/** why is borrowed as long as the message. */
void wire_offer(const struct wire_scene *s, const struct acd_contact *c, const char *why,
                struct wire_offer *ret);
void wire_row(const struct wire_scene *s, const struct acd_contact *c, struct wire_row *ret);

#endif
