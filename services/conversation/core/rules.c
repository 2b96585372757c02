#include "core/rules.h"

#include <tl_str.h>

void rules_default(struct rules *ret)
{
    *ret = (struct rules){
        .setup_max = TL_SEC(30),
        .wait_max = TL_HOUR(1),
        .media_max = TL_SEC(30),
        .talk_max = TL_HOUR(8),
        .wrap_up_max = TL_MIN(10),
        .grace = TL_SEC(5),
        .idle_max = TL_MIN(30),
        .idle_warning = TL_MIN(2),
        .idle_question = "Are you still there? This chat ends soon.",
        .idle_goodbye = "This chat has ended because nobody answered.",
        .look_back = TL_HOUR(24),
        .survey_question = "How did we do?",
        .n_dispositions = 1,
        .dispositions = {"done"},
    };
}

bool rules_knows(const struct rules *rules, const char *disposition)
{
    for (int i = 0; i < rules->n_dispositions; i++) {
        if (strcmp(rules->dispositions[i], disposition) == 0)
            return true;
    }
    return false;
}
