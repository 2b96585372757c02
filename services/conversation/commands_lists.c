/* Commands about several contacts: a session that is lost, and who waits. */
#include "commands_inner.h"

#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_pb.h>

static void lost_one(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;

    TL_UNUSED(t);
    TL_UNUSED(reason);
    if (code == 503)
        a->agent.s[0] = '!'; /* the gateway tells us again */
    if (--a->left)
        return;
    if (a->agent.s[0] == '!')
        refuse_command(a->conv, a->reply, 503, "the store is away");
    else
        command_answer(a->conv, a->reply, NULL);
    tl_free(a);
}

static void lost_contacts(void *arg, int err, const struct contact *rows, int n)
{
    struct asked *a = arg;
    bool agent = !tl_id_empty(&a->agent);
    struct tl_id who = a->agent;

    a->agent = (struct tl_id){0};
    if (err) {
        command_done(a, NULL, 503, "the store is away");
        return;
    }
    a->left = 1; /* this function itself */
    for (int i = 0; i < n; i++) {
        struct task *t =
            task_new(a->conv, agent ? FACT_AGENT_LOST : FACT_CUSTOMER_LOST, tl_clock_wall());

        if (!t) {
            a->agent.s[0] = '!';
            break;
        }
        t->fact.agent = who;
        t->done = lost_one;
        t->arg = a;
        a->left++;
        task_submit(t, &rows[i].id);
    }
    lost_one(a, NULL, 0, NULL);
}

void command_session_lost(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct asked *a = command_asked(conv, reply);
    struct store_query q = {.kind = QUERY_SESSION, .id = cmd->actor.session, .limit = 100};

    if (!a) {
        refuse_command(conv, reply, 503, "out of memory");
        return;
    }
    if (command_by_agent(cmd)) {
        q.kind = QUERY_AGENT;
        q.id = a->agent = cmd->actor.agent;
    }
    if (conv->store->ops->list(conv->store, &q, lost_contacts, a))
        command_done(a, NULL, 503, "the store is away");
}

static void waiting_listed(void *arg, int err, const struct contact *rows, int n)
{
    struct asked *a = arg;
    struct tl_buf m = TL_BUF(TL_PB_MAX);

    if (err || wire_waiting(rows, n, &m)) {
        command_done(a, NULL, 503, "the store is away");
    } else {
        command_answer(a->conv, a->reply, &m);
        tl_free(a);
    }
    tl_buf_done(&m);
}

void command_list_waiting(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct asked *a = command_asked(conv, reply);
    struct store_query q = {.kind = QUERY_WAITING, .id = cmd->contact, .limit = cmd->limit};

    if (!a)
        refuse_command(conv, reply, 503, "out of memory");
    else if (conv->store->ops->list(conv->store, &q, waiting_listed, a))
        command_done(a, NULL, 503, "the store is away");
}
