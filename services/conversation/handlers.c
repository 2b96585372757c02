#include "handlers.h"

#include "adapters/outbox.h"
#include <tl_clock.h>
#include <tl_mem.h>

int conversation_new(struct conversation **ret, const struct conversation_opts *opts)
{
    struct conversation *conv = tl_alloc(1, sizeof *conv);
    uint64_t seed;
    int err = conv ? 0 : -ENOMEM;

    if (err)
        goto out;
    tl_random(&seed, sizeof seed);
    conv->opts = *opts;
    conv->loop = opts->loop;
    conv->bus = opts->bus;
    conv->store = opts->store;
    conv->rules = opts->rules;
    conv->lanes = conv->waits = conv->names = TL_MAP(seed);
    if (!conv->opts.reconcile_every)
        conv->opts.reconcile_every = TL_SEC(10);

    err = outbox_new(&conv->outbox, conv->loop, conv->bus, conv->store);
    if (!err)
        err = mend_start(conv);
    if (!err)
        err = feeds_start(conv);
    if (!err)
        err = tl_bus_subscribe(&conv->sub_commands, conv->bus, "tl.cmd.conversation.*",
                               "conversation", on_command, conv);
    if (err)
        goto out;
    *ret = conv;
    conv = NULL;
out:
    conversation_free(conv);
    return err;
}

void conversation_set_rules(struct conversation *conv, const struct rules *rules)
{
    conv->rules = *rules;
}

bool conversation_idle(const struct conversation *conv)
{
    return conv->tasks == 0 && outbox_idle(conv->outbox);
}

/** Facts that are still under way are stored or not, as their batch ends; the next start finds out.
 */
struct conversation *conversation_free(struct conversation *conv)
{
    struct tl_entry *e, *after;

    if (!conv)
        return NULL;
    conv->sub_commands = tl_sub_free(conv->sub_commands);
    feeds_stop(conv);
    mend_stop(conv);
    conv->outbox = outbox_free(conv->outbox);
    for (e = tl_map_next(&conv->lanes, NULL); e; e = after) {
        struct lane *lane = TL_CONTAINER(e, struct lane, entry);

        after = tl_map_next(&conv->lanes, e);
        tl_list_for_each (&lane->tasks, k) {
            task_free(TL_CONTAINER(k, struct task, link));
        }
        tl_map_remove(&conv->lanes, &lane->entry);
        tl_free(lane);
    }
    tl_map_done(&conv->lanes);
    return tl_free(conv);
}
