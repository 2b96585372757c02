/**
 * @file fuzz_ogg.c  Any file as a sound.
 */
#include "core/ogg.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ogg_sound s;
    const char *why = NULL;

    if (ogg_read(&s, data, n, &why) == 0) {
        for (size_t i = 0; i < s.n; i++)
            assert(s.frames[i].at + s.frames[i].len <= n);
        ogg_done(&s);
    } else {
        assert(why);
    }
    return 0;
}
