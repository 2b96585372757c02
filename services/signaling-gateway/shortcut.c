/*
 * "Is typing" between two who are both connected here: from socket to socket, without the bus.
 *
 * conversation would only pass it on; what it checks (whose contact is this?) is known here from
 * the contact_state that it pushed to the customer.  Whatever does not fit takes the general way.
 * An agent who has a further desk open at another gateway sees it on the one that is open here.
 */
#include "gateway.h"

#include "core/typing.h"

void shortcut_learn(struct gateway *g, const struct wire_learned *l, struct tl_str session)
{
    struct tl_str contact = tl_str(l->contact);

    if (l->talking && pairs_learn(&g->pairs, contact, session, tl_str(l->agent)) == 0)
        return;
    pairs_forget(&g->pairs, contact); /* also when there is no memory for it: the long way works */
}

static bool give(struct gateway *g, struct session *to, struct tl_str frame)
{
    if (!to || !session_socket(to))
        return false;
    gateway_send(g, to, frame);
    return true;
}

bool shortcut_typing(struct gateway *g, struct session *x, struct tl_str json)
{
    char text[TYPING_FRAME_MAX];
    const struct pair *pair;
    struct tl_str frame = {.s = text};
    struct agent *agent;
    struct typing t;
    bool given = false;

    if (!typing_read(&t, json))
        return false;
    pair = pairs_find(&g->pairs, t.contact);
    agent = pair ? sessions_agent(g->sessions, tl_id_str(&pair->agent)) : NULL;
    if (!agent)
        return false;
    frame.n = typing_write(text, &t);
    if (tl_str_eq(session_id(x), tl_id_str(&pair->session))) {
        for (struct session *y = agent_next_session(agent, NULL); y;
             y = agent_next_session(agent, y))
            given |= give(g, y, frame);
    } else if (session_agent(x) == agent) {
        given = give(g, sessions_find(g->sessions, tl_id_str(&pair->session)), frame);
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
