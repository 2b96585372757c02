/* Who spoke with a thread's customer last: preferred when the customer comes again within the
 * look-back.  A table of the newest, one slot a hash; what changes in it is stored with the rest,
 * slot by slot, so that the store holds no more than the table. */
#include "state.h"

static void slot_changed(struct acd *acd, uint32_t slot)
{
    struct last_agent *l = &acd->last_agents[slot];

    if (l->changed)
        return;
    l->changed = true;
    l->next_changed = acd->changed_slot;
    acd->changed_slot = slot;
}

void remember_agent(struct acd *acd, const struct acd_contact *c)
{
    uint64_t hash = ids_hash(tl_id_str(&c->thread));

    if (!acd->policy->look_back || tl_id_empty(&c->thread))
        return;
    acd->last_agents[hash % ACD_FAMILIAR_MAX].f = (struct acd_familiar){
        .thread = hash, .until = acd->now + acd->policy->look_back, .agent = c->agent};
    slot_changed(acd, hash % ACD_FAMILIAR_MAX);
}

uint32_t last_agent(const struct acd *acd, const struct tl_id *thread, uint32_t queue)
{
    uint64_t hash = ids_hash(tl_id_str(thread));
    const struct acd_familiar *f = &acd->last_agents[hash % ACD_FAMILIAR_MAX].f;

    if (f->thread != hash || f->until <= acd->now || !bit_has(acd->queues[queue].members, f->agent))
        return ACD_NONE;
    return f->agent;
}

void acd_take_familiar(struct acd *acd, void (*familiar)(void *arg, const struct acd_familiar *f),
                       void *arg)
{
    while (acd->changed_slot != ACD_NONE) {
        struct last_agent *l = &acd->last_agents[acd->changed_slot];
        acd->changed_slot = l->next_changed;
        l->changed = false;
        familiar(arg, &l->f);
    }
}

void touch_familiar(struct acd *acd)
{
    for (uint32_t slot = 0; slot < ACD_FAMILIAR_MAX; slot++)
        if (acd->last_agents[slot].f.until > acd->now)
            slot_changed(acd, slot);
}

void acd_restore_familiar(struct acd *acd, const struct acd_familiar *f, tl_time now)
{
    struct acd_familiar image = *f;

    acd->now = TL_HIGHER(acd->now, now);
    image.until = TL_LOWER(f->until, acd->now + acd->policy->look_back);
    if (f->agent < acd->n_posts && image.until > acd->now)
        acd->last_agents[f->thread % ACD_FAMILIAR_MAX].f = image;
}
