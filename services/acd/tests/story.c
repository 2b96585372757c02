/* Tells stories; see story.h.  Linked into the tests by including it: it is no part of the service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "story.h"
#include <lab/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>

const char story_rules[] = "skills: [german, spanish, cards]\n"
                           "rona_limit: 2\n"
                           "lease: 10m\n"
                           "interruptions: {email: [live]}\n"
                           "queues:\n"
                           "  - {name: help, offer_timeout: 20s, wrap_up: 30s}\n"
                           "  - {name: sales, offer_timeout: 20s, wrap_up: 0s}\n"
                           "agents:\n"
                           "  - {id: a1, queues: [help, sales], skills: {german: 3}}\n"
                           "  - {id: a2, queues: [help], skills: {spanish: 5, german: 1}}\n"
                           "  - {id: a3, queues: [sales, help]}\n";

struct teller {
    struct acd *acd;
    char told[1024];
    size_t n;
};

static void add(struct teller *t, const char *fmt, ...) TL_PRINTF(2, 3);
static void add(struct teller *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    t->n += (size_t)vsnprintf(t->told + t->n, sizeof(t->told) - t->n, fmt, ap);
    va_end(ap);
    assert_true(t->n < sizeof(t->told));
}

static void hear(void *arg, const struct acd_decision *d)
{
    struct teller *t = arg;
    const char *c = d->contact ? d->contact->id.s : "", *a = d->agent ? d->agent->id.s : "";
    const char *why = acd_cause_name(d->cause);

    if (d->kind == ACD_FORGET)
        return;
    add(t, "%s", t->n ? ", " : "");
    switch (d->kind) {
    case ACD_ADMIT: add(t, "%s in", c); break;
    case ACD_OFFER: add(t, "%s>%s", c, a); break;
    case ACD_CONNECT: add(t, "%s=%s", c, a); break;
    case ACD_TAKE_BACK: add(t, "%s<%s %s", c, a, why); break;
    case ACD_TIME_OUT: add(t, "%s~%s", c, a); break;
    case ACD_TURN_DOWN: add(t, "%s!%s", c, a); break;
    case ACD_DISMISS: add(t, "%s gone %s", c, why); break;
    case ACD_LET_GO: add(t, "%s-%s %s", c, a, why); break;
    case ACD_START_WRAP: add(t, "%s wrap", c); break;
    case ACD_END_WRAP: add(t, "%s done %s", c, why); break;
    case ACD_JOIN: add(t, "%s joins", c); break;
    case ACD_HAND_OVER: add(t, "%s to %s", c, a); break;
    case ACD_MOVE: add(t, "%s moves %s", c, why); break;
    default: add(t, "%s %s", a, acd_presence_name((enum acd_presence)d->agent->presence)); break;
    }
}

/* Presence says little that the rest does not: told only where a story asks for it. */
static bool same(const char *told, const char *expect)
{
    char short_told[1024] = "";
    char copy[1024];
    char *save = NULL;

    if (strcmp(told, expect) == 0)
        return true;
    (void)snprintf(copy, sizeof(copy), "%s", told);
    for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        p += *p == ' ';
        if (p[0] == 'a' && p[1] >= '0' && p[1] <= '9')
            continue;
        if (*short_told)
            strcat(short_told, ", ");
        strcat(short_told, p);
    }
    return strcmp(short_told, expect) == 0;
}

static struct acd_fact resolve(const struct teller *t, const struct story_step *s)
{
    struct acd_fact f = s->fact;

    if (f.channel == 0)
        f.channel = ACD_VIDEO;
    if (s->queue)
        f.queue = acd_queue_find(t->acd, tl_str(s->queue));
    for (unsigned i = 0; i < f.n_required; i++)
        f.required[i].skill = (uint16_t)acd_skill_find(t->acd, tl_str(s->skill));
    if (s->offer_of) {
        uint32_t at = acd_find_contact(t->acd, tl_str(s->offer_of));
        f.offer = at == ACD_NONE ? 1 : acd_contact(t->acd, at)->offer;
    }
    return f;
}

static void take_step(struct teller *t, const struct story_step *s, bool compare)
{
    const struct acd_fact f = resolve(t, s);
    tl_time now = BEGIN + (tl_dur)(s->at_s * 1e6);
    enum acd_outcome out;
    char broken[256];
    int err;

    t->n = 0;
    t->told[0] = '\0';
    err = acd_step(t->acd, &f, now, &out);
    if (err) {
        assert_int_equal(err, -ENOMEM);
        assert_int_equal(t->n, 0); /* nothing was decided */
        assert_int_equal(acd_step(t->acd, &f, now, &out), 0);
    }
    if (out != ACD_OK)
        add(t, "(%s)", acd_outcome_name(out));
    if (compare && !same(t->told, s->expect))
        fail_msg("%.1f s, %s: told \"%s\", expected \"%s\"", s->at_s, acd_fact_name(f.kind),
                 t->told, s->expect);
    if (acd_check(t->acd, broken, sizeof(broken)))
        fail_msg("%.1f s, %s: %s", s->at_s, acd_fact_name(f.kind), broken);
}

/* fail_at < 0: none fails.  Returns how many allocations there were. */
static uint64_t tell(const struct story *s, int64_t fail_at)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *rules = NULL;
    struct teller t = {.acd = NULL};
    const char *text = s->rules ? s->rules : story_rules;
    uint64_t n;

    if (policy_parse(&rules, tl_str(text), "story", &why))
        fail_msg("%s", why.p);
    (void)tl_mem_fail_after(fail_at);
    if (acd_new(&t.acd, policy_of(rules), 0, hear, &t)) {
        assert_true(fail_at >= 0);
        assert_int_equal(acd_new(&t.acd, policy_of(rules), 0, hear, &t), 0);
    }
    if (s->gather)
        acd_gather(t.acd, BEGIN, BEGIN + s->gather);
    assert_int_equal(acd_gathers_since(t.acd), s->gather ? BEGIN : 0);
    for (size_t i = 0; i < s->n; i++)
        take_step(&t, &s->steps[i], fail_at < 0 || !s->soft);
    n = tl_mem_fail_after(-1);
    acd_free(t.acd);
    policy_free(rules);
    tl_buf_done(&why);
    return n;
}

void story_tell(const struct story *s)
{
    uint64_t n = tell(s, -1);

    for (uint64_t i = 0; i < n; i++)
        (void)tell(s, (int64_t)i);
}
