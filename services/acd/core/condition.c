/* Comparisons of numbers with numbers, and their words; see condition.h. */
#include "condition.h"
#include <stdio.h>

bool acd_measure_is_wait(enum acd_measure m)
{
    return m == ACD_M_OLDEST_WAIT || m == ACD_M_EXPECTED_WAIT;
}

static bool holds(const struct acd_comparison *c, int64_t is)
{
    if (c->measure == ACD_M_EXPECTED_WAIT && is < 0)
        return false;
    switch (c->comparator) {
    case ACD_MORE: return is > c->value;
    case ACD_AT_LEAST: return is >= c->value;
    case ACD_LESS: return is < c->value;
    case ACD_AT_MOST: return is <= c->value;
    case ACD_EQUAL: return is == c->value;
    default: return is != c->value;
    }
}

bool acd_condition_holds(const struct acd_condition *c, const int64_t is[ACD_MEASURES])
{
    for (unsigned i = 0; i < c->n; i++)
        if (!holds(&c->all[i], is[c->all[i].measure]))
            return false;
    return true;
}

size_t acd_condition_words(const struct acd_condition *c, const int64_t is[ACD_MEASURES],
                           char *line, size_t size)
{
    size_t n = 0;

    line[0] = '\0';
    for (unsigned i = 0; i < c->n; i++) {
        const struct acd_comparison *x = &c->all[i];
        bool wait = acd_measure_is_wait(x->measure);
        tl_dur unit = wait ? TL_SEC(1) : 1;
        const char *name = wait ? "s" : "";
        int more = snprintf(line + n, size - n, "%s%s %lld%s %s %lld%s", i ? " && " : "",
                            acd_measure_name(x->measure), (long long)(is[x->measure] / unit), name,
                            acd_comparator_name(x->comparator), (long long)(x->value / unit), name);
        n = TL_LOWER(n + (size_t)more, size - 1);
    }
    return n;
}

const char *acd_measure_name(enum acd_measure m)
{
    static const char *const names[ACD_MEASURES] = {"waiting",     "staffed",       "idle",
                                                    "oldest_wait", "expected_wait", "priority"};

    return names[m];
}

const char *acd_comparator_name(enum acd_comparator c)
{
    static const char *const names[ACD_COMPARATORS] = {">", ">=", "<", "<=", "==", "!="};

    return names[c];
}
