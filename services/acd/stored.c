/* What an owner finds stored: rows of a take-over into the core and the outbox. */
#include "handlers_in.h"
#include <tl_log.h>

static int load_agent(struct handlers *h, struct tl_str key, struct tl_str value)
{
    struct acd_familiar f;
    struct acd_agent a;
    int64_t since;
    int err;

    if (tl_str_eq(key, TL_STR(GATHERING_ROW))) {
        err = tl_str_int(value, 1, INT64_MAX, &since);
        h->gathering = err ? 0 : since;
        return err;
    }
    if (tl_str_starts(key, TL_STR(CLOSED_ROW))) {
        const size_t n = sizeof(CLOSED_ROW) - 1;
        const struct acd_fact closed = {
            .kind = ACD_QUEUE_CLOSED,
            .queue = acd_queue_find(h->acd, (struct tl_str){key.s + n, key.n - n})};
        return acd_step(h->acd, &closed, core_now(h),
                        NULL); /* a queue that is gone: nothing happens */
    }
    if (tl_str_starts(key, TL_STR(FAMILIAR_ROW))) {
        err = wire_load_familiar(h->acd, value.s, value.n, &f);
        if (!err)
            acd_restore_familiar(h->acd, &f, core_now(h));
        return err;
    }
    err = wire_load_agent(value.s, value.n, &a);
    return err ? err : acd_restore_agent(h->acd, &a, core_now(h));
}

static int load_contact(struct handlers *h, struct tl_str value)
{
    struct wire_stored r;
    int err = wire_load_contact(h->acd, value.s, value.n, &r);

    if (err == -ESTALE)
        repair("queue_gone");
    if (!err || err == -ESTALE)
        err = acd_restore_contact(h->acd, &r.contact, core_now(h));
    for (unsigned i = 0; !err && i < r.n_seats; i++) {
        r.seats[i].parent = acd_find_contact(h->acd, tl_id_str(&r.contact.id));
        if (acd_restore_contact(h->acd, &r.seats[i], core_now(h)))
            repair("seat");
    }
    return err;
}

void load_row(struct handlers *h, char kind, struct tl_str key, struct tl_str value)
{
    int err;

    switch (kind) {
    case 'a': err = load_agent(h, key, value); break;
    case 'c': err = load_contact(h, value); break;
    default: {
        char entry[44];
        (void)tl_str_put(entry, sizeof(entry), key);
        err = outbox_add(h->outbox, entry, value.s, value.n);
    }
    }
    if (err && err != -EEXIST) { /* a scan may show a row twice */
        repair(kind == 'a' ? "agent_row" : kind == 'c' ? "contact_row" : "outbox_row");
        if (tl_log_allow("acd row"))
            tl_warn("stored row not usable", TL_T("key", key), TL_E(err));
    }
}
