#include "core/threads.h"

/** The customer's own threads come before those that only the browser connects with. */
static int rank(const struct thread *t, const struct tl_id *visitor, const struct tl_id *customer)
{
    if (!tl_id_empty(customer) && tl_id_eq(&t->customer, customer))
        return 2;
    if (tl_id_empty(&t->customer) && !tl_id_empty(visitor) && tl_id_eq(&t->visitor, visitor))
        return 1;
    return 0;
}

void threads_choose(const struct thread *threads, int n, const struct tl_id *visitor,
                    const struct tl_id *customer, const struct rules *rules, tl_time now,
                    struct thread_choice *ret)
{
    int best_rank = 0;

    *ret = (struct thread_choice){.join = -1};
    for (int i = 0; i < n && i < THREADS_MAX; i++) {
        const struct thread *t = &threads[i];
        int r = rank(t, visitor, customer);

        if (r == 1 && !tl_id_empty(customer))
            ret->link[ret->n_link++] = i;
        if (!r || now - t->last_at > rules->look_back)
            continue;
        if (r > best_rank || (r == best_rank && t->last_at > threads[ret->join].last_at)) {
            best_rank = r;
            ret->join = i;
        }
    }
}
