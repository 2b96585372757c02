/* A four-way set-associative table of token buckets: 16 384 keys in 384 KiB, no allocation per key.
 */
#include <tl_limiter.h>

#include <tl_mem.h>

#define SETS 4096
#define WAYS 4

struct bucket {
    uint64_t hash; /* 0: unused */
    tl_time at;
    float tokens;
};

struct tl_limiter {
    double rate, burst;
    uint64_t seed;
    struct bucket set[SETS][WAYS];
};

int tl_limiter_new(struct tl_limiter **ret, double rate, double burst, uint64_t seed)
{
    struct tl_limiter *l = tl_alloc(1, sizeof(*l));

    if (!l)
        return -ENOMEM;
    l->rate = rate;
    l->burst = burst;
    l->seed = seed;
    *ret = l;
    return 0;
}

struct tl_limiter *tl_limiter_free(struct tl_limiter *l)
{
    return tl_free(l);
}

/* FNV-1a from a secret start, with the finisher of splitmix64. */
static uint64_t hash(uint64_t seed, struct tl_str key)
{
    uint64_t h = seed ^ 0xCBF29CE484222325u;

    for (size_t i = 0; i < key.n; i++)
        h = (h ^ (unsigned char)key.s[i]) * 0x100000001B3u;
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    return (h ^ (h >> 31)) | 1;
}

static struct bucket *find(struct tl_limiter *l, uint64_t h, tl_time now)
{
    struct bucket *set = l->set[(h >> 32) % SETS], *oldest = &set[0];

    for (int i = 0; i < WAYS; i++) {
        if (set[i].hash == h)
            return &set[i];
        if (!set[i].hash || (oldest->hash && set[i].at < oldest->at))
            oldest = &set[i];
    }
    *oldest = (struct bucket){.hash = h, .at = now, .tokens = (float)l->burst};
    return oldest;
}

bool tl_limiter_take(struct tl_limiter *l, struct tl_str key, tl_time now)
{
    struct bucket *b;
    double tokens;

    if (l->rate <= 0)
        return true;
    b = find(l, hash(l->seed, key), now);
    tokens = b->tokens + (double)(now - b->at) / 1e6 * l->rate;
    tokens = TL_LOWER(tokens, l->burst);
    b->at = now;
    b->tokens = (float)(tokens >= 1 ? tokens - 1 : tokens);
    return tokens >= 1;
}
