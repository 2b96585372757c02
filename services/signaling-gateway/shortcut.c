/*
 * "Is typing" between two who are both connected here: from socket to socket, without the bus.
 *
 * conversation would only pass it on; what it checks (whose contact is this?) is known here from
 * the contact_state that it pushed to the customer.  Whatever does not fit takes the general way.
 * An agent who has a further desk open at another gateway sees it on the one that is open here.
 */
#include "gateway.h"

#include "core/typing.h"

void shortcut_learn(struct gateway *g, const struct wire_learned *l, struct session *customer)
{
    struct agent *agent = l->talking ? sessions_agent(g->sessions, tl_str(l->agent)) : NULL;

    if (agent && !session_agent(customer))
        (void)pairs_learn(&g->pairs, tl_str(l->contact), customer, agent); /* or the long way */
    else
        pairs_forget(&g->pairs, tl_str(l->contact));
}

static bool give(struct gateway *g, struct session *to, struct tl_str frame)
{
    if (!session_socket(to))
        return false;
    gateway_send(g, to, frame);
    return true;
}

bool shortcut_typing(struct gateway *g, struct session *x, struct tl_str json)
{
    char text[TYPING_FRAME_MAX];
    struct tl_str frame = {.s = text};
    const struct pair *pair;
    struct agent *agent;
    struct typing t;
    bool given = false;

    if (!typing_read(&t, json))
        return false;
    pair = pairs_of(x, t.contact);
    if (!pair)
        return false;
    frame.n = typing_write(text, &t);
    if (session_agent(x)) {
        given = give(g, pair_customer(pair), frame);
    } else {
        agent = pair_agent(pair);
        for (struct session *y = agent_next_session(agent, NULL); y;
             y = agent_next_session(agent, y))
            given |= give(g, y, frame);
    }
    if (!given)
        return false;
    frame.n = t.id.n ? typing_answer(text, &t) : 0;
    if (frame.n)
        gateway_send(g, x, frame);
    tl_metric_add(g->m.frames, 1);
    tl_metric_add(g->m.shortcuts, 1);
    return true;
}
