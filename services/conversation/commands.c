/* tl.cmd.conversation.*: who may ask for what, and the answer. */
#include "commands_inner.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>

void refuse_command(struct conversation *conv, const char *reply, int code, const char *reason)
{
    char label[32];

    (void)snprintf(label, sizeof label, "code=\"%d\"", code);
    tl_metric_add(tl_counter("tl_conversation_refusals_total", label, "commands refused"), 1);
    (void)tl_bus_refuse(conv->bus, reply, code, reason); /* who asked will ask again */
}

void command_answer(struct conversation *conv, const char *reply, const struct tl_buf *m)
{
    (void)tl_bus_reply(conv->bus, reply, m ? m->p : "", m ? m->n : 0); /* as above */
}

/** Most commands: an empty answer, or the refusal. */
void command_done(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;

    TL_UNUSED(t);
    if (code)
        refuse_command(a->conv, a->reply, code, reason);
    else
        command_answer(a->conv, a->reply, NULL);
    tl_free(a);
}

struct asked *command_asked(struct conversation *conv, const char *reply)
{
    struct asked *a = tl_alloc(1, sizeof *a);

    if (a) {
        a->conv = conv;
        (void)tl_str_put(a->reply, sizeof a->reply, tl_str(reply ? reply : ""));
    }
    return a;
}

/** A task for a command of an actor who must own the contact; NULL after answering 503. */
struct task *command_task(struct conversation *conv, const struct wire_command *cmd,
                          enum contact_fact_kind kind, const char *reply)
{
    struct task *t = task_new(conv, kind, tl_clock_wall());
    struct asked *a = t ? command_asked(conv, reply) : NULL;

    if (!a) {
        task_free(t);
        refuse_command(conv, reply, 503, "too much under way");
        return NULL;
    }
    t->check = true;
    t->actor = cmd->actor;
    t->fact.by = cmd->actor.role == ROLE_SUPERVISOR ? ROLE_AGENT : cmd->actor.role;
    t->fact.agent = cmd->actor.agent;
    t->done = command_done;
    t->arg = a;
    return t;
}

void command_drop(struct task *t)
{
    command_done(t->arg, t, 503, "out of memory");
    task_free(t);
}

static void take_fact(struct conversation *conv, struct wire_command *cmd,
                      enum contact_fact_kind kind, const char *reply)
{
    struct task *t = command_task(conv, cmd, kind, reply);

    if (t)
        task_submit(t, &cmd->contact);
}

bool command_by_agent(const struct wire_command *cmd)
{
    return cmd->actor.role == ROLE_AGENT || cmd->actor.role == ROLE_SUPERVISOR;
}

/* ---- after the conversation ------------------------------------------------------------- */

static void decide_survey(struct task *t)
{
    if (contact_is_live(&t->c)) {
        t->d.code = 409;
        t->d.reason = "the contact is not over";
    } else if (t->survey->score) {
        t->d.n_events = 1;
        t->d.events[0] = (struct contact_event){.kind = EVENT_SURVEY, .number = t->survey->score};
    }
}

static void answer_survey(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t;

    if (cmd->actor.role != ROLE_CUSTOMER) {
        refuse_command(conv, reply, 403, "only the customer answers");
        return;
    }
    t = command_task(conv, cmd, FACT_MENDED, reply);
    if (!t)
        return;
    t->survey = tl_alloc(1, sizeof *t->survey);
    if (!t->survey) {
        command_drop(t);
        return;
    }
    *t->survey = (struct contact_survey){.contact = cmd->contact, .score = cmd->score, .at = t->at};
    t->decide = decide_survey;
    task_submit(t, &cmd->contact);
}

static void complete_wrap_up(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t;

    if (!command_by_agent(cmd)) {
        refuse_command(conv, reply, 403, "only an agent wraps up");
        return;
    }
    t = command_task(conv, cmd, FACT_WRAPPED_UP, reply);
    if (!t)
        return;
    t->wrap_up = tl_alloc(1, sizeof *t->wrap_up);
    if (!t->wrap_up) {
        command_drop(t);
        return;
    }
    t->wrap_up->contact = cmd->contact;
    t->wrap_up->agent = cmd->actor.agent;
    t->wrap_up->at = t->at;
    (void)tl_str_put(t->wrap_up->disposition, sizeof t->wrap_up->disposition, cmd->disposition);
    (void)tl_str_put(t->wrap_up->note, sizeof t->wrap_up->note, cmd->note);
    (void)tl_str_put(t->fact.disposition, sizeof t->fact.disposition, cmd->disposition);
    task_submit(t, &cmd->contact);
}

static void set_hold(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    if (command_by_agent(cmd))
        take_fact(conv, cmd, cmd->on ? FACT_HOLD_ASKED : FACT_RETRIEVE_ASKED, reply);
    else
        refuse_command(conv, reply, 403, "only an agent holds");
}

/* ---- the door --------------------------------------------------------------------------- */

static void dispatch(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    switch (cmd->method) {
    case METHOD_REQUEST_CONTACT: open_contact(conv, cmd, reply); break;
    case METHOD_END_CONTACT: take_fact(conv, cmd, FACT_HUNG_UP, reply); break;
    case METHOD_POST_MESSAGE: command_post_message(conv, cmd, reply); break;
    case METHOD_RELAY_TYPING: command_relay_typing(conv, cmd, reply); break;
    case METHOD_ANSWER_SURVEY: answer_survey(conv, cmd, reply); break;
    case METHOD_COMPLETE_WRAP_UP: complete_wrap_up(conv, cmd, reply); break;
    case METHOD_SET_HOLD: set_hold(conv, cmd, reply); break;
    case METHOD_COBROWSE_CONSENT: command_cobrowse_consent(conv, cmd, reply); break;
    case METHOD_COBROWSE_ASK: command_cobrowse_ask(conv, cmd, reply); break;
    case METHOD_GET_SNAPSHOT: give_snapshot(conv, cmd, reply); break;
    case METHOD_SESSION_LOST: command_session_lost(conv, cmd, reply); break;
    case METHOD_LIST_WAITING: command_list_waiting(conv, cmd, reply); break;
    case METHOD_COUNT: break;
    }
}

void on_command(void *arg, const struct tl_msg *m)
{
    struct conversation *conv = arg;
    struct wire_command cmd;
    const char *why = NULL;
    struct tl_str method = m->subject;
    int err;

    for (size_t i = 0; i < m->subject.n; i++) {
        if (m->subject.s[i] == '.')
            method = (struct tl_str){.s = m->subject.s + i + 1, .n = m->subject.n - i - 1};
    }
    err = wire_command(method, m->data, m->n, &cmd, &why);
    if (err) {
        tl_bad_input("nats", tl_pb_fault(err));
        if (tl_log_allow(tl_pb_fault(err)))
            tl_warn("bad command", TL_T("subject", m->subject), TL_E(err));
        refuse_command(conv, m->reply,
                       err == -EINVAL   ? 422
                       : err == -ENOSYS ? 404
                       : err == -ENOMEM ? 503
                                        : 400,
                       err == -EINVAL ? why : "not a request for this method");
        return;
    }
    if (m->reply && strlen(m->reply) >= REPLY_MAX) {
        tl_bad_input("nats", "reply_subject");
        refuse_command(conv, m->reply, 400, "reply subject is too long");
    } else {
        dispatch(conv, &cmd, m->reply);
    }
    wire_command_done(&cmd);
}
