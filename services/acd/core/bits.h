/**
 * @file bits.h  Sets of handles as bits, 64 to a word.
 */
#ifndef ACD_BITS_H
#define ACD_BITS_H

#include <tl_base.h>

#define BITS_WORDS(n) (((n) + 63u) / 64u)

static inline void bit_put(uint64_t *set, uint32_t i, bool on)
{
    uint64_t mask = UINT64_C(1) << (i & 63u);

    if (on)
        set[i >> 6] |= mask;
    else
        set[i >> 6] &= ~mask;
}

static inline bool bit_has(const uint64_t *set, uint32_t i)
{
    return (set[i >> 6] >> (i & 63u)) & 1u;
}

/* In a register: without a -march flag the compiler's built-in is a call with table lookups. */
static inline uint32_t bits_count(uint64_t w)
{
    w -= (w >> 1) & UINT64_C(0x5555555555555555);
    w = (w & UINT64_C(0x3333333333333333)) + ((w >> 2) & UINT64_C(0x3333333333333333));
    w = (w + (w >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)((w * UINT64_C(0x0101010101010101)) >> 56);
}

/** Whether anybody is in both sets. */
bool bits_meet(const uint64_t *a, const uint64_t *b, uint32_t words);
/** How many are in both sets. */
uint32_t bits_count_both(const uint64_t *a, const uint64_t *b, uint32_t words);
/** The same with or without the processor's help (which it must have). */
uint32_t bits_count_by(bool help, const uint64_t *a, const uint64_t *b, uint32_t words);

/** Takes the lowest bit out of *word and returns its number; *word is not 0. */
static inline uint32_t bits_pop(uint64_t *word)
{
    uint32_t i = (uint32_t)__builtin_ctzll(*word);

    *word &= *word - 1;
    return i;
}

#endif
