/**
 * @file commands_inner.h  What commands.c (the door), commands_talk.c (chat, the view of the page)
 * and commands_lists.c share.  Nobody else includes it.
 */
#ifndef CONVERSATION_COMMANDS_INNER_H
#define CONVERSATION_COMMANDS_INNER_H

#include "handlers.h"

/** Somebody waits for an answer. */
struct asked {
    struct conversation *conv;
    int left; /**< facts that must be through before it */
    char reply[REPLY_MAX];
    struct tl_id agent;     /**< a list of contacts is asked for this agent */
    enum contact_role from; /**< whose line was repeated */
};

/** NULL: out of memory. */
struct asked *command_asked(struct conversation *conv, const char *reply);
/** m may be NULL: an empty answer. */
void command_answer(struct conversation *conv, const char *reply, const struct tl_buf *m);
/** The end of most commands: an empty answer, or the refusal; frees the struct asked. */
task_done_fn command_done;
/** A task for a command of an actor who must own the contact; NULL after answering 503. */
struct task *command_task(struct conversation *conv, const struct wire_command *cmd,
                          enum contact_fact_kind kind, const char *reply);
/** Out of memory after command_task(). */
void command_drop(struct task *t);
bool command_by_agent(const struct wire_command *cmd);

typedef void command_fn(struct conversation *conv, struct wire_command *cmd, const char *reply);
command_fn command_post_message, command_relay_typing, command_cobrowse_consent,
    command_cobrowse_ask, command_session_lost, command_list_waiting;

#endif
