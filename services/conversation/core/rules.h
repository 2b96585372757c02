/**
 * @file rules.h  What the business decides about contacts: deadlines, threads, dispositions,
 * survey. Read from deploy/config/conversation.yaml by rules_file.c.
 */
#ifndef CONVERSATION_RULES_H
#define CONVERSATION_RULES_H

#include <tl_base.h>

#define MESSAGE_TEXT_MAX 4096 /**< longest chat message and wrap-up note [bytes] */

#define RULES_DISPOSITIONS_MAX 64

struct rules {
    tl_dur setup_max;    /**< from request to queue */
    tl_dur wait_max;     /**< longest wait in a queue */
    tl_dur media_max;    /**< from accept to connected audio */
    tl_dur talk_max;     /**< longest conversation */
    tl_dur wrap_up_max;  /**< where the ACD named no end */
    tl_dur grace;        /**< past somebody else's deadline before we act */
    tl_dur idle_max;     /**< a chat whose customer leaves the agent's line unanswered ends */
    tl_dur idle_warning; /**< so long before that the customer is asked */
    char idle_question[200], idle_goodbye[200];
    tl_dur look_back; /**< a thread without contact for longer is not continued */
    char survey_question[200];
    int n_dispositions;
    char dispositions[RULES_DISPOSITIONS_MAX][40];
};

/** What holds without a file. */
void rules_default(struct rules *ret);
bool rules_knows(const struct rules *rules, const char *disposition);

#endif
