/* tl.cmd.conversation.*: who may ask for what, and the answer. */
#include "handlers.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>

/** Somebody waits for an answer. */
struct asked {
    struct conversation *conv;
    int left; /**< facts that must be through before it */
    char reply[REPLY_MAX];
    struct tl_id agent; /**< a list of contacts is asked for this agent */
};

void refuse_command(struct conversation *conv, const char *reply, int code, const char *reason)
{
    char label[32];

    (void)snprintf(label, sizeof label, "code=\"%d\"", code);
    tl_metric_add(tl_counter("tl_conversation_refusals_total", label, "commands refused"), 1);
    (void)tl_bus_refuse(conv->bus, reply, code, reason); /* who asked will ask again */
}

static void answer(struct conversation *conv, const char *reply, const struct tl_buf *m)
{
    (void)tl_bus_reply(conv->bus, reply, m ? m->p : "", m ? m->n : 0); /* as above */
}

/** Most commands: an empty answer, or the refusal. */
static void done(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;

    TL_UNUSED(t);
    if (code)
        refuse_command(a->conv, a->reply, code, reason);
    else
        answer(a->conv, a->reply, NULL);
    tl_free(a);
}

static struct asked *asked(struct conversation *conv, const char *reply)
{
    struct asked *a = tl_alloc(1, sizeof *a);

    if (a) {
        a->conv = conv;
        (void)tl_str_put(a->reply, sizeof a->reply, tl_str(reply ? reply : ""));
    }
    return a;
}

/** A task for a command of an actor who must own the contact; NULL after answering 503. */
static struct task *task_for(struct conversation *conv, const struct wire_command *cmd,
                             enum contact_fact_kind kind, const char *reply)
{
    struct task *t = task_new(conv, kind, tl_clock_wall());
    struct asked *a = t ? asked(conv, reply) : NULL;

    if (!a) {
        task_free(t);
        refuse_command(conv, reply, 503, "too much under way");
        return NULL;
    }
    t->check = true;
    t->actor = cmd->actor;
    t->fact.by = cmd->actor.role == ROLE_SUPERVISOR ? ROLE_AGENT : cmd->actor.role;
    t->fact.agent = cmd->actor.agent;
    t->done = done;
    t->arg = a;
    return t;
}

static void drop(struct task *t)
{
    done(t->arg, t, 503, "out of memory");
    task_free(t);
}

static void take_fact(struct conversation *conv, struct wire_command *cmd,
                      enum contact_fact_kind kind, const char *reply)
{
    struct task *t = task_for(conv, cmd, kind, reply);

    if (t)
        task_submit(t, &cmd->contact);
}

static bool is_agent(const struct wire_command *cmd)
{
    return cmd->actor.role == ROLE_AGENT || cmd->actor.role == ROLE_SUPERVISOR;
}

/* ---- chat ------------------------------------------------------------------------------- */

static void decide_message(struct task *t)
{
    struct contact_message *m = t->message;
    const struct contact *c = &t->c;

    if (!(t->fact.by == ROLE_CUSTOMER ? contact_is_live(c) : contact_is_talking(c))) {
        t->d.code = 409;
        t->d.reason = "the contact is over";
        return;
    }
    m->thread = c->thread;
    (void)tl_str_put(m->from_name, sizeof m->from_name,
                     tl_str(m->from == ROLE_CUSTOMER ? c->name : c->agent_name));
    t->d.n_events = 1;
    t->d.events[0] = (struct contact_event){
        .kind = EVENT_MESSAGE, .by = m->from, .number = (int)strlen(m->text), .other = m->id};
}

static void answer_posted(struct asked *a, const struct contact_message *m)
{
    struct tl_buf out = TL_BUF(64 * 1024);

    if (wire_posted(m, &out) == 0)
        answer(a->conv, a->reply, &out);
    tl_buf_done(&out);
    tl_free(a);
}

/** The same client_ref again: the answer is the line that is stored. */
static void posted_before(void *arg, int err, const struct contact_message *rows, int n)
{
    struct asked *a = arg;

    if (err || !n)
        done(a, NULL, 503, "the store is away");
    else
        answer_posted(a, &rows[0]);
}

static void posted(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;
    struct conversation *conv = a->conv;
    struct tl_buf m = TL_BUF(64 * 1024);

    if (code) {
        done(a, t, code, reason);
        return;
    }
    if (t->existed) {
        if (conv->store->ops->messages(conv->store, &t->message->contact, t->message->client_ref,
                                       posted_before, a))
            done(a, t, 503, "the store is away");
        return;
    }
    if (wire_chat(t->message, &m) == 0) {
        push_customer(conv, &t->c, &m);
        if (contact_is_talking(&t->c))
            push_agent(conv, &t->c.agent, &m);
    }
    tl_buf_done(&m);
    answer_posted(a, t->message);
}

static void post_message(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t = task_for(conv, cmd, FACT_MENDED, reply);

    if (!t)
        return;
    t->message = tl_alloc(1, sizeof *t->message);
    if (!t->message) {
        drop(t);
        return;
    }
    t->message->id = tl_id_new();
    t->message->contact = cmd->contact;
    t->message->from = t->fact.by;
    t->message->sent_at = t->at;
    (void)tl_str_put(t->message->text, sizeof t->message->text, cmd->text);
    (void)tl_str_put(t->message->client_ref, sizeof t->message->client_ref, cmd->client_ref);
    t->decide = decide_message;
    t->done = posted;
    task_submit(t, &cmd->contact);
}

static void decide_typing(struct task *t)
{
    struct conversation *conv = t->conv;
    struct tl_buf m = TL_BUF(4096);

    if (!contact_is_talking(&t->c)) {
        t->d.code = 409;
        t->d.reason = "not connected";
    } else if (wire_typing(&t->c.id, t->fact.on, &m) == 0) {
        if (t->fact.by == ROLE_CUSTOMER)
            push_agent(conv, &t->c.agent, &m);
        else
            push_customer(conv, &t->c, &m);
    }
    tl_buf_done(&m);
}

static void relay_typing(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t = task_for(conv, cmd, FACT_MENDED, reply);

    if (!t)
        return;
    t->fact.on = cmd->on;
    t->decide = decide_typing;
    task_submit(t, &cmd->contact);
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
    t = task_for(conv, cmd, FACT_MENDED, reply);
    if (!t)
        return;
    t->survey = tl_alloc(1, sizeof *t->survey);
    if (!t->survey) {
        drop(t);
        return;
    }
    *t->survey = (struct contact_survey){.contact = cmd->contact, .score = cmd->score, .at = t->at};
    t->decide = decide_survey;
    task_submit(t, &cmd->contact);
}

static void complete_wrap_up(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t;

    if (!is_agent(cmd)) {
        refuse_command(conv, reply, 403, "only an agent wraps up");
        return;
    }
    t = task_for(conv, cmd, FACT_WRAPPED_UP, reply);
    if (!t)
        return;
    t->wrap_up = tl_alloc(1, sizeof *t->wrap_up);
    if (!t->wrap_up) {
        drop(t);
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
    if (is_agent(cmd))
        take_fact(conv, cmd, cmd->on ? FACT_HOLD_ASKED : FACT_RETRIEVE_ASKED, reply);
    else
        refuse_command(conv, reply, 403, "only an agent holds");
}

/* ---- the view of the page --------------------------------------------------------------- */

/** Consent for a room that is open gives this side a new ticket: it has lost its connection. */
static void consented(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;

    if (!code && t->c.cobrowse_active && !t->d.changed)
        work_regrant(a->conv, &t->c, t->actor.role == ROLE_CUSTOMER ? 0 : 1);
    done(arg, t, code, reason);
}

static void cobrowse_consent(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t;

    if (cmd->on && cmd->actor.role != ROLE_CUSTOMER) {
        refuse_command(conv, reply, 403, "only the customer consents");
        return;
    }
    t = task_for(conv, cmd, cmd->on ? FACT_CONSENTED : FACT_WITHDRAWN, reply);
    if (!t)
        return;
    if (cmd->on)
        t->done = consented;
    task_submit(t, &cmd->contact);
}

static void decide_ask(struct task *t)
{
    struct tl_buf m = TL_BUF(4096);

    if (!contact_is_talking(&t->c)) {
        t->d.code = 409;
        t->d.reason = "not connected";
    } else if (!t->c.cobrowse_active && wire_asked(&t->c.id, &m) == 0) {
        push_customer(t->conv, &t->c, &m);
    }
    tl_buf_done(&m);
}

static void cobrowse_ask(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t;

    if (!is_agent(cmd)) {
        refuse_command(conv, reply, 403, "only an agent asks");
        return;
    }
    t = task_for(conv, cmd, FACT_MENDED, reply);
    if (!t)
        return;
    t->decide = decide_ask;
    t->done = consented;
    task_submit(t, &cmd->contact);
}

/* ---- lists ------------------------------------------------------------------------------ */

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
        answer(a->conv, a->reply, NULL);
    tl_free(a);
}

static void lost_contacts(void *arg, int err, const struct contact *rows, int n)
{
    struct asked *a = arg;
    bool agent = !tl_id_empty(&a->agent);
    struct tl_id who = a->agent;

    a->agent = (struct tl_id){0};
    if (err) {
        done(a, NULL, 503, "the store is away");
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

static void session_lost(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct asked *a = asked(conv, reply);
    struct store_query q = {.kind = QUERY_SESSION, .id = cmd->actor.session, .limit = 100};

    if (!a) {
        refuse_command(conv, reply, 503, "out of memory");
        return;
    }
    if (is_agent(cmd)) {
        q.kind = QUERY_AGENT;
        q.id = a->agent = cmd->actor.agent;
    }
    if (conv->store->ops->list(conv->store, &q, lost_contacts, a))
        done(a, NULL, 503, "the store is away");
}

static void waiting_listed(void *arg, int err, const struct contact *rows, int n)
{
    struct asked *a = arg;
    struct tl_buf m = TL_BUF(TL_PB_MAX);

    if (err || wire_waiting(rows, n, &m)) {
        done(a, NULL, 503, "the store is away");
    } else {
        answer(a->conv, a->reply, &m);
        tl_free(a);
    }
    tl_buf_done(&m);
}

static void list_waiting(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct asked *a = asked(conv, reply);
    struct store_query q = {.kind = QUERY_WAITING, .id = cmd->contact, .limit = cmd->limit};

    if (!a)
        refuse_command(conv, reply, 503, "out of memory");
    else if (conv->store->ops->list(conv->store, &q, waiting_listed, a))
        done(a, NULL, 503, "the store is away");
}

/* ---- the door --------------------------------------------------------------------------- */

static void dispatch(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    switch (cmd->method) {
    case METHOD_REQUEST_CONTACT: open_contact(conv, cmd, reply); break;
    case METHOD_END_CONTACT: take_fact(conv, cmd, FACT_HUNG_UP, reply); break;
    case METHOD_POST_MESSAGE: post_message(conv, cmd, reply); break;
    case METHOD_RELAY_TYPING: relay_typing(conv, cmd, reply); break;
    case METHOD_ANSWER_SURVEY: answer_survey(conv, cmd, reply); break;
    case METHOD_COMPLETE_WRAP_UP: complete_wrap_up(conv, cmd, reply); break;
    case METHOD_SET_HOLD: set_hold(conv, cmd, reply); break;
    case METHOD_COBROWSE_CONSENT: cobrowse_consent(conv, cmd, reply); break;
    case METHOD_COBROWSE_ASK: cobrowse_ask(conv, cmd, reply); break;
    case METHOD_GET_SNAPSHOT: give_snapshot(conv, cmd, reply); break;
    case METHOD_SESSION_LOST: session_lost(conv, cmd, reply); break;
    case METHOD_LIST_WAITING: list_waiting(conv, cmd, reply); break;
    case METHOD_COUNT: break;
    }
}

static const char *class_of(int err)
{
    switch (err) {
    case -ENOSYS: return "method";
    case -EMSGSIZE: return "oversize";
    case -EINVAL: return "field";
    default: return "junk";
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
        tl_bad_input("nats", class_of(err));
        if (tl_log_allow(class_of(err)))
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
