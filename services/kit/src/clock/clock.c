/* The clocks, randomness, and ids made of both. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <tl_clock.h>

static tl_time read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (tl_time)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

tl_time tl_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

tl_time tl_clock_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void tl_random(void *p, size_t n)
{
    uint8_t *at = p;

    while (n) {
        ssize_t got = getrandom(at, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        n -= (size_t)got;
    }
}

/* Adds one to a big-endian number; true when it overflowed. */
static bool count_up(uint8_t *p, size_t n)
{
    while (n-- > 0)
        if (++p[n] != 0)
            return false;
    return true;
}

/* ULIDs sort by time.  Within one millisecond, and when the wall clock steps back, the random part
 * of the last one counts up instead. */
struct tl_id tl_id_new(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint8_t random[10];
    static tl_time last_ms;
    tl_time ms = tl_clock_wall() / 1000;
    struct tl_id id;

    pthread_mutex_lock(&lock);
    if (ms > last_ms) {
        last_ms = ms;
        tl_random(random, sizeof(random));
        random[0] &= 0x7f; /* room to count */
    } else if (count_up(random, sizeof(random))) {
        last_ms++;
    }
    id = tl_id_ulid(last_ms * 1000, random);
    pthread_mutex_unlock(&lock);
    return id;
}

void tl_clock_format(char out[32], tl_time t)
{
    const tl_time last = INT64_C(253402300799999999); /* of the year 9999 */
    time_t s;
    int ms;
    struct tm tm;

    t = TL_HIGHER(-TL_SEC(30610224000), TL_LOWER(t, last)); /* and of 1000 */
    s = (time_t)(t / 1000000);
    ms = (int)(t % 1000000 / 1000);

    if (ms < 0) {
        ms += 1000;
        s--;
    }
    gmtime_r(&s, &tm);
    (void)strftime(out, 20, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out + 19, 13, ".%03uZ", (unsigned)ms % 1000u);
}
