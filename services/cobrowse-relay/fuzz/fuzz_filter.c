/*
 * Any bytes as frames of a customer and of an agent.  The room must stay in bounds, and a frame
 * that passes must not hold, by a second and dumber look, what must not pass.
 */
#include <assert.h>
#include <tl_mem.h>

#include "core/filter.h"
#include "core/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every tag of the text: none may be a script's. */
static void look_again(struct tl_str frame)
{
    enum json_token t;
    struct json j;
    bool tag = false;
    char text[40];

    json_init(&j, frame);
    while ((t = json_next(&j)) > JSON_END) {
        struct tl_str s = json_plain(j.text, text, sizeof(text));

        if (t == JSON_STRING && tag)
            assert(!tl_str_ieq(s, TL_STR("script")));
        tag = t == JSON_KEY && tl_str_eq(s, TL_STR("tagName"));
    }
    assert(t == JSON_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct filter_page *page;
    struct tl_str frame = {(const char *)data, n};
    struct filter_frame f;

    if (!page && filter_page_new(&page))
        return 0;
    if (!tl_utf8_ok(frame.s, frame.n)) /* the WebSocket layer has refused it */
        return 0;
    (void)filter_peek(frame, &f);
    if (filter_customer(page, frame, &f) == FILTER_PASS)
        look_again(frame);
    assert(filter_page_nodes(page) <= FILTER_NODES_MAX);
    if (filter_agent(frame) == FILTER_PASS)
        look_again(frame);
    return 0;
}
