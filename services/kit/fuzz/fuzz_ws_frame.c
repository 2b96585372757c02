/* Frames: what parses can be written again, and nothing is read beyond the end. */
#include <stdlib.h>
#include <string.h>
#include <tl_ws_frame.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_head(const uint8_t *data, size_t size)
{
    struct tl_ws_head h, again;
    uint8_t out[14];

    if (tl_ws_head_parse(&h, data, size) != 1)
        return;
    check(h.head_size <= size && h.head_size >= 2 && h.head_size <= 14);
    check(tl_ws_head_write(out, h.op, h.fin, h.length, h.masked ? h.mask : NULL) == h.head_size);
    check(memcmp(out, data, h.head_size) == 0);
    check(tl_ws_head_parse(&again, out, h.head_size) == 1);
}

/* Text is judged alike, whole and byte by byte; and as the other checker does, which refuses NUL.
 */
static void check_text(const uint8_t *data, size_t size)
{
    uint32_t whole = 0, pieces = 0;
    bool a = tl_ws_utf8_step(&whole, data, size) && tl_ws_utf8_end(whole), b = true;

    for (size_t i = 0; i < size && b; i++)
        b = tl_ws_utf8_step(&pieces, data + i, 1);
    check(a == (b && tl_ws_utf8_end(pieces)));
    if (!memchr(data, 0, size))
        check(a == tl_utf8_ok((const char *)data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char accept[29];
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    check_head(copy, size);
    check_text(copy, size);
    (void)tl_ws_accept_key(accept, (struct tl_str){(char *)copy, size});
    if (size > 5) { /* twice the same mask is none */
        tl_ws_mask(copy + 5, size - 5, data, data[4]);
        tl_ws_mask(copy + 5, size - 5, data, data[4]);
        check(memcmp(copy, data, size) == 0);
    }
    free(copy);
    return 0;
}
