/**
 * @file wire_inner.h  Fields between protobuf and plain structs, for the wire_*.c files alone.
 */
#ifndef CONVERSATION_WIRE_INNER_H
#define CONVERSATION_WIRE_INNER_H

#include "wire.h"

#include <tl_pb.h>

/** A message on the stack: WIRE_MSG(Acd__V1__GetAgentRequest, ACD__V1__GET_AGENT_REQUEST, m); */
#define WIRE_MSG(Type, NAME, var) Threadline__##Type var = THREADLINE__##NAME##__INIT

/** An id that must be there and be one. */
static inline int wire_need_id(struct tl_id *ret, const char *text)
{
    return tl_id_parse(ret, tl_str(text)) ? -EBADMSG : 0;
}

/** Empty is fine. */
static inline int wire_maybe_id(struct tl_id *ret, const char *text)
{
    *ret = (struct tl_id){0};
    return *text ? wire_need_id(ret, text) : 0;
}

static inline int wire_short_text(char *dst, size_t size, const char *text)
{
    return tl_str_put(dst, size, tl_str(text)) ? 0 : -EBADMSG;
}

/** Generated structs want char *, and never write through it. */
static inline char *wire_text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static inline char *wire_id(const struct tl_id *i)
{
    return wire_text(i->s);
}

static inline size_t wire_list(const struct contact_list *l, char *ret[CONTACT_LIST_MAX])
{
    for (int i = 0; i < l->n; i++)
        ret[i] = wire_id(&l->at[i]);
    return (size_t)l->n;
}

#endif
