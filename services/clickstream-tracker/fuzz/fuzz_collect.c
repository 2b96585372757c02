/* Any bytes as a collect request: read, apply to a visit, store, read back. */
#include <stdlib.h>
#include <tl_mem.h>

#include "core/browser.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void apply(const struct clickstream_request *r)
{
    struct clickstream_who who = {.visitor = {"v"}, .name = "", .tier = ""};
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = NULL, *back = NULL;
    struct tl_buf out = TL_BUF(1024 * 1024);

    if (clickstream_visit_new(&v, &(struct tl_id){"visit"}, &who, TL_SEC(1700000000)))
        abort();
    if (clickstream_visit_origin(v, r->referrer, ""))
        abort();
    for (size_t i = 0; i < r->n_facts; i++)
        if (clickstream_visit_step(v, &w, &r->facts[i], TL_SEC(1700000000 + (int64_t)i)))
            abort();
    /* What we store we can read. */
    if (clickstream_wire_put_visit(&out, v) == 0 &&
        (clickstream_wire_get_visit(&back, tl_buf_str(&out)) || back->n_path != v->n_path))
        abort();
    clickstream_visit_free(v);
    clickstream_visit_free(back);
    tl_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct clickstream_request r;
    struct tl_buf why = TL_BUF(512);
    struct clickstream_visit *v = NULL;
    char name[48];

    if (clickstream_wire_request(&r, (struct tl_str){(const char *)data, n}, &why) == 0)
        apply(&r);
    clickstream_wire_request_done(&r);
    tl_buf_done(&why);
    if (clickstream_wire_get_visit(&v, (struct tl_str){(const char *)data, n}) == 0)
        clickstream_visit_free(v);
    clickstream_browser_name(name, (struct tl_str){(const char *)data, n});
    return 0;
}
