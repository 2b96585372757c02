/* While people talk: chat, typing, and the view of the customer's page. */
#include "commands_inner.h"

#include <tl_clock.h>
#include <tl_mem.h>

/* ---- chat ------------------------------------------------------------------------------- */

void push_line(struct conversation *conv, const struct contact *c, const struct contact_message *m)
{
    struct tl_buf out = TL_BUF(64 * 1024);

    if (wire_chat(m, &out) == 0) {
        push_customer(conv, c, &out);
        if (contact_is_talking(c) || c->phase == PHASE_WRAP_UP)
            push_agent(conv, &c->agent, &out);
    }
    tl_buf_done(&out);
}

/** The event of a line, with its step. */
static void add_event(struct task *t)
{
    const struct contact_message *m = t->message;

    t->d.events[t->d.n_events++] = (struct contact_event){
        .kind = EVENT_MESSAGE, .by = m->from, .number = (int)strlen(m->text), .other = m->id};
}

void say_line(struct task *t, const char *text)
{
    struct contact_message *m = tl_alloc(1, sizeof *m);

    t->message = m;
    if (!m)
        return;
    *m = (struct contact_message){.id = tl_id_new(),
                                  .contact = t->c.id,
                                  .thread = t->c.thread,
                                  .from = ROLE_SYSTEM,
                                  .sent_at = t->at};
    (void)tl_str_put(m->text, sizeof m->text, tl_str(text));
    add_event(t);
}

static void decide_message(struct task *t)
{
    struct contact_message *m = t->message;
    const struct contact *c = &t->c;

    if (!(t->fact.by == ROLE_CUSTOMER ? contact_is_live(c) : contact_is_talking(c))) {
        t->d.code = 409;
        t->d.reason = "the contact is over";
        return;
    }
    t->d.changed = contact_wrote(&t->c, m->from, t->at);
    m->thread = c->thread;
    (void)tl_str_put(m->from_name, sizeof m->from_name,
                     tl_str(m->from == ROLE_CUSTOMER ? c->name : c->agent_name));
    add_event(t);
}

static void answer_posted(struct asked *a, const struct contact_message *m)
{
    struct tl_buf out = TL_BUF(64 * 1024);

    if (wire_posted(m, &out) == 0)
        command_answer(a->conv, a->reply, &out);
    tl_buf_done(&out);
    tl_free(a);
}

/** The same client_ref again: the answer is the line that is stored. */
static void posted_before(void *arg, int err, const struct contact_message *rows, int n)
{
    struct asked *a = arg;
    int i = 0;

    while (i < n && rows[i].from != a->from)
        i++; /* the other side's, of the same name */
    if (err || i >= n)
        command_done(a, NULL, 503, "the store is away");
    else
        answer_posted(a, &rows[i]);
}

static void posted(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;
    struct conversation *conv = a->conv;

    if (code) {
        command_done(a, t, code, reason);
        return;
    }
    if (t->existed) {
        a->from = t->message->from;
        if (conv->store->ops->messages(conv->store, &t->message->contact, t->message->client_ref,
                                       posted_before, a))
            command_done(a, t, 503, "the store is away");
        return;
    }
    push_line(conv, &t->c, t->message);
    answer_posted(a, t->message);
}

void command_post_message(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t = command_task(conv, cmd, FACT_MENDED, reply);

    if (!t)
        return;
    t->message = tl_alloc(1, sizeof *t->message);
    if (!t->message) {
        command_drop(t);
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

void command_relay_typing(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t = command_task(conv, cmd, FACT_MENDED, reply);

    if (!t)
        return;
    t->fact.on = cmd->on;
    t->decide = decide_typing;
    task_submit(t, &cmd->contact);
}

/* ---- the view of the page --------------------------------------------------------------- */

/** Consent for a room that is open gives this side a new ticket: it has lost its connection. */
static void consented(void *arg, const struct task *t, int code, const char *reason)
{
    struct asked *a = arg;

    if (!code && t->c.cobrowse_active && !t->d.changed)
        work_regrant(a->conv, &t->c, t->actor.role == ROLE_CUSTOMER ? 0 : 1);
    command_done(arg, t, code, reason);
}

void command_cobrowse_consent(struct conversation *conv, struct wire_command *cmd,
                              const char *reply)
{
    struct task *t;

    if (cmd->on && cmd->actor.role != ROLE_CUSTOMER) {
        refuse_command(conv, reply, 403, "only the customer consents");
        return;
    }
    t = command_task(conv, cmd, cmd->on ? FACT_CONSENTED : FACT_WITHDRAWN, reply);
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

void command_cobrowse_ask(struct conversation *conv, struct wire_command *cmd, const char *reply)
{
    struct task *t;

    if (!command_by_agent(cmd)) {
        refuse_command(conv, reply, 403, "only an agent asks");
        return;
    }
    t = command_task(conv, cmd, FACT_MENDED, reply);
    if (!t)
        return;
    t->decide = decide_ask;
    t->done = consented;
    task_submit(t, &cmd->contact);
}
