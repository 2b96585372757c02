/* Random lives: every invariant after every fact.  A seed that fails prints itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <lab/random_run.h>
#include <stdlib.h>

static void live(uint64_t first, uint64_t seeds, uint32_t facts, bool reload)
{
    struct random_result r, all = {0};

    for (uint64_t seed = first; seed < first + seeds; seed++) {
        if (random_run(&(struct random_run){seed, facts, reload}, &r))
            fail_msg("seed %llu: %s", (unsigned long long)seed, r.broken);
        all.facts += r.facts;
        all.seats += r.seats;
        all.joined += r.joined;
        all.handed_over += r.handed_over;
    }
    print_message("%llu facts over %llu seeds: %llu seats asked for, %llu joined, %llu contacts "
                  "changed hands\n",
                  (unsigned long long)all.facts, (unsigned long long)seeds,
                  (unsigned long long)all.seats, (unsigned long long)all.joined,
                  (unsigned long long)all.handed_over);
    assert_true(all.seats > seeds && all.joined > seeds / 4 && all.handed_over > seeds / 4);
}

static uint32_t from_env(const char *name, uint32_t value)
{
    const char *s = getenv(name);

    return s ? (uint32_t)strtoul(s, NULL, 10) : value;
}

static void invariants_hold_in_random_lives(void **state)
{
    (void)state;
    live(1, from_env("ACD_SEEDS", 60), from_env("ACD_FACTS", 1500), false);
}

static void also_when_rules_and_owners_change(void **state)
{
    (void)state;
    live(1000001, from_env("ACD_SEEDS", 60), from_env("ACD_FACTS", 1500), true);
}

/* Each found something once. */
static void seeds_that_failed_once(void **state)
{
    static const struct random_run runs[] = {
        {3, 1500, false}, {2, 1500, false}, {623, 5000, false}, {1000275, 5000, true}};
    struct random_result r;

    (void)state;
    for (size_t i = 0; i < TL_LEN(runs); i++)
        if (random_run(&runs[i], &r))
            fail_msg("seed %llu: %s", (unsigned long long)runs[i].seed, r.broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariants_hold_in_random_lives),
        cmocka_unit_test(seeds_that_failed_once),
        cmocka_unit_test(also_when_rules_and_owners_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
