#include "handlers.h"

#include "adapters/outbox.h"
#include <tl_clock.h>
#include <tl_mem.h>

int cv_new(struct cv **ret, const struct cv_opts *opts)
{
    struct cv *cv = tl_alloc(1, sizeof *cv);
    uint64_t seed;
    int err = cv ? 0 : -ENOMEM;

    if (err)
        goto out;
    tl_random(&seed, sizeof seed);
    cv->opts = *opts;
    cv->loop = opts->loop;
    cv->bus = opts->bus;
    cv->store = opts->store;
    cv->rules = opts->rules;
    cv->lanes = cv->waits = cv->names = TL_MAP(seed);
    if (!cv->opts.reconcile_every)
        cv->opts.reconcile_every = TL_SEC(10);

    err = cv_outbox_new(&cv->outbox, cv->loop, cv->bus, cv->store);
    if (!err)
        err = cv_mend_start(cv);
    if (!err)
        err = cv_feeds_start(cv);
    if (!err)
        err = tl_bus_subscribe(&cv->sub_commands, cv->bus, "tl.cmd.conversation.*", "conversation",
                               cv_on_command, cv);
    if (err)
        goto out;
    *ret = cv;
    cv = NULL;
out:
    cv_free(cv);
    return err;
}

void cv_set_rules(struct cv *cv, const struct cv_rules *rules)
{
    cv->rules = *rules;
}

bool cv_idle(const struct cv *cv)
{
    return cv->tasks == 0 && cv_outbox_idle(cv->outbox);
}

/** Facts that are still under way are stored or not, as their batch ends; the next start finds out.
 */
struct cv *cv_free(struct cv *cv)
{
    struct tl_entry *e, *after;

    if (!cv)
        return NULL;
    cv->sub_commands = tl_sub_free(cv->sub_commands);
    cv_feeds_stop(cv);
    cv_mend_stop(cv);
    cv->outbox = cv_outbox_free(cv->outbox);
    for (e = tl_map_next(&cv->lanes, NULL); e; e = after) {
        struct lane *lane = TL_CONTAINER(e, struct lane, entry);

        after = tl_map_next(&cv->lanes, e);
        tl_list_for_each (&lane->tasks, k) {
            cv_task_free(TL_CONTAINER(k, struct task, link));
        }
        tl_map_remove(&cv->lanes, &lane->entry);
        tl_free(lane);
    }
    tl_map_done(&cv->lanes);
    return tl_free(cv);
}
