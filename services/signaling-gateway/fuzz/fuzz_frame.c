/*
 * Any bytes as a client's frame, as a push and as an answer: parsed, checked, packed, or refused.
 */
#include <assert.h>
#include <tl_mem.h>

#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct who people[] = {
    {.session = {"01M80E0JTTC04WTW78PCXF9GYJ"}, .role = ROLE_CUSTOMER, .subject = {"v"}},
    {.session = {"01M80E0JTTC04WTW78PCXF9GYK"}, .role = ROLE_AGENT, .subject = {"bob"}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tl_str json = {(const char *)data, n};
    struct tl_buf request = TL_BUF(1 << 20), out = TL_BUF(1 << 20), why = TL_BUF(1000);
    struct wire_frame f;

    if (!tl_utf8_ok(json.s, json.n)) /* the WebSocket layer has refused it */
        goto push;
    if (!wire_frame(&f, json, &why)) {
        assert(f.message && f.member.n);
        for (size_t i = 0; i < TL_LEN(people); i++) {
            struct wire_call call;

            if (!may_say(people[i].role, f.member))
                continue;
            tl_buf_clear(&request);
            if (!wire_call(&call, &request, &f, &people[i], &why))
                (void)wire_answer(&call, f.id, data, n, &out);
        }
        wire_frame_done(&f);
    } else {
        assert(why.n);
    }
push:
    tl_buf_clear(&out);
    (void)wire_push(data, n, NULL, &out);
    (void)wire_board(data, n, &out, &out);
    (void)wire_snapshot(data, n / 2, data + n / 2, n - n / 2, &out);
    tl_buf_done(&request);
    tl_buf_done(&out);
    tl_buf_done(&why);
    return 0;
}
