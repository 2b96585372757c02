/* Conditions: comparisons joined by &&, spelled as in CEL; see policy_in.h. */
#include "policy_in.h"
#include <stdlib.h>
#include <string.h>

static int find_measure(const char *word, size_t n)
{
    for (int m = 0; m < ACD_MEASURES; m++)
        if (strlen(acd_measure_name((enum acd_measure)m)) == n &&
            strncmp(acd_measure_name((enum acd_measure)m), word, n) == 0)
            return m;
    return -1;
}

static int find_comparator(const char *word, size_t n)
{
    for (int c = 0; c < ACD_COMPARATORS; c++)
        if (strlen(acd_comparator_name((enum acd_comparator)c)) == n &&
            strncmp(acd_comparator_name((enum acd_comparator)c), word, n) == 0)
            return c;
    return -1;
}

/* A whole number of at most nine digits. */
static int read_number(const char *word, int64_t *ret)
{
    const char *digits = word + (*word == '-');
    size_t n = strspn(digits, "0123456789");

    if (n == 0 || n > 9 || digits[n])
        return -EINVAL;
    *ret = strtoll(word, NULL, 10);
    return 0;
}

/* The next word of those letters (or, with others, of all others), blanks around it skipped. */
static const char *take(const char **at, const char *letters, bool others, size_t *ret_n)
{
    const char *word = *at + strspn(*at, " \t");

    *ret_n = others ? strcspn(word, letters) : strspn(word, letters);
    *at = word + *ret_n;
    *at += strspn(*at, " \t");
    return word;
}

static int read_comparison(const struct tl_yaml_node *n, const char *key, const char **at,
                           struct acd_comparison *ret, struct tl_buf *why)
{
    char value[32] = "";
    size_t length;
    const char *word = take(at, " \t<>=!&|", true, &length);
    int measure = find_measure(word, length), comparator;

    if (length == 0)
        return policy_complain(n, key, why, "a name is missing");
    if (measure < 0)
        return tl_yaml_complain(n, key, why,
                                "%.*s is not one of waiting, staffed, idle, oldest_wait, "
                                "expected_wait, priority",
                                (int)TL_LOWER(length, 40), word);
    word = take(at, "<>=!&|", false, &length);
    comparator = find_comparator(word, length);
    if (comparator < 0)
        return tl_yaml_complain(n, key, why, "after %s must come >, >=, <, <=, == or !=",
                                acd_measure_name((enum acd_measure)measure));
    word = take(at, " \t<>=!&|", true, &length);
    if (length < sizeof(value))
        memcpy(value, word, length);
    ret->measure = (enum acd_measure)measure;
    ret->comparator = (enum acd_comparator)comparator;
    if (acd_measure_is_wait(ret->measure) ? tl_yaml_dur(value, &ret->value)
                                          : read_number(value, &ret->value))
        return tl_yaml_complain(
            n, key, why, "%s is compared with %s", acd_measure_name(ret->measure),
            acd_measure_is_wait(ret->measure) ? "a length of time like 60s or 1m30s"
                                              : "a whole number");
    return 0;
}

int policy_read_condition(const struct tl_yaml_node *map, const char *key,
                          struct acd_condition *ret, struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(map, key);
    const char *at = "", *joined;
    size_t length;

    ret->n = 0;
    if (!n)
        return 0;
    if (tl_yaml_read_text(map, key, NULL, &at, why))
        return -EINVAL;
    if (at[strspn(at, " \t")] == '\0')
        return policy_complain(n, key, why, "is empty");
    do {
        if (ret->n == ACD_COMPARISONS_MAX)
            return policy_complain(n, key, why, "at most 8 comparisons");
        if (read_comparison(n, key, &at, &ret->all[ret->n], why))
            return -EINVAL;
        ret->n++;
        if (!*at)
            return 0;
        joined = take(&at, "<>=!&|", false, &length);
    } while (length == 2 && strncmp(joined, "&&", 2) == 0);
    return policy_complain(n, key, why, "comparisons are joined by &&");
}
