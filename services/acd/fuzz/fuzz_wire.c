/* Any bytes as a request: decoded, stepped, answered, and the core keeps its invariants. */
#include <adapters/policy_yaml.h>
#include <lab/check.h>
#include <stdlib.h>
#include <tl_mem.h>
#include <wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char rules[] = "skills: [german]\nqueues: [{name: q}, {name: r}]\n"
                            "agents: [{id: a, queues: [q, r], skills: {german: 3}}]\n";

static struct acd *core(void)
{
    static struct acd *acd;
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;

    if (!acd && (policy_parse(&p, tl_str(rules), "rules", &why) ||
                 acd_new(&acd, policy_of(p), 0, NULL, NULL)))
        abort();
    return acd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static tl_time now = TL_SEC(1700000000);
    struct acd *acd = core();
    struct wire_request r;
    struct tl_buf out = TL_BUF(1 << 20);
    char broken[200];

    if (n == 0)
        return 0;
    now += TL_MSEC(data[0]);
    if (wire_request(&r, acd, (enum wire_method)(data[0] % WIRE_METHODS), data + 1, n - 1, 0))
        return 0;
    const struct wire_scene s = {.acd = acd, .epoch = 1, .partition = "p0", .now = now};
    if (r.outcome == ACD_OK && r.method < WIRE_HEARTBEAT)
        (void)acd_step(acd, &r.fact, now, NULL); /* refusals are fine */
    (void)wire_answer(&s, &r, &out);             /* so are answers of any size */
    (void)acd_step(acd, &(struct acd_fact){.kind = ACD_TICK}, now, NULL);
    if (acd_check(acd, broken, sizeof(broken)))
        abort();
    tl_buf_done(&out);
    wire_request_done(&r);
    return 0;
}
