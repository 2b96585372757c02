/* Counting is what grows with the agents, so it uses the processor's own instruction where there is
 * one: 64 agents in a nanosecond. */
#include "bits.h"

#if defined(__x86_64__)
__attribute__((target("popcnt"))) static uint32_t count_fast(const uint64_t *a, const uint64_t *b,
                                                             uint32_t words)
{
    uint64_t n = 0;

    for (uint32_t w = 0; w < words; w++)
        n += (uint64_t)__builtin_popcountll(a[w] & b[w]);
    return (uint32_t)n;
}
#endif

uint32_t bits_count_by(bool help, const uint64_t *a, const uint64_t *b, uint32_t words)
{
    uint32_t n = 0;

#if defined(__x86_64__)
    if (help)
        return count_fast(a, b, words);
#endif
    for (uint32_t w = 0; w < words; w++)
        n += bits_count(a[w] & b[w]);
    TL_UNUSED(help);
    return n;
}

uint32_t bits_count_both(const uint64_t *a, const uint64_t *b, uint32_t words)
{
#if defined(__x86_64__)
    return bits_count_by(__builtin_cpu_supports("popcnt"), a, b, words);
#else
    return bits_count_by(false, a, b, words);
#endif
}

bool bits_meet(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    for (uint32_t w = 0; w < words; w++)
        if (a[w] & b[w])
            return true;
    return false;
}
