/* Walks through flows, as stories; and flows that must not be let in. */
#include "flow_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_mem.h>

#include <cmocka.h>

static const char shop[] =
    "flow: test\n"
    "start: tier\n"
    "music: music\n"
    "hours:\n"
    "  office: {days: [mon, tue, wed, thu, fri], from: \"08:00\", to: \"18:00\",\n"
    "           utc_offset_min: 60}\n"
    "steps:\n"
    "  tier:\n"
    "    branch:\n"
    "      - {when: {tier: gold, known_customer: true}, go: gold}\n"
    "    else: hours\n"
    "  gold:\n"
    "    set: {priority: 5, skills: vip, music: jazz}\n"
    "    next: topic\n"
    "  hours:\n"
    "    branch:\n"
    "      - {when: {closed: office}, go: bye}\n"
    "    else: hello\n"
    "  hello: {say: [welcome, wait], next: number}\n"
    "  number: {collect: {prompt: Order number?, into: order}, next: topic}\n"
    "  topic:\n"
    "    menu:\n"
    "      prompt: What is it about?\n"
    "      choices:\n"
    "        - {key: \"1\", label: Orders, section: [checkout, basket], go: orders}\n"
    "        - {key: \"2\", label: Only by phone, go: bye}\n"
    "    else: sales\n"
    "  orders: {enqueue: {queue: orders, skills: [payments]}}\n"
    "  sales: {enqueue: {queue: sales, priority: 1}}\n"
    "  bye: {close: {cause: closed_hours, message: Come back tomorrow}}\n";

/** 2026-11-23 is a Monday. */
#define MONDAY_7_UTC  (TL_SEC(1795417200))
#define SUNDAY_10_UTC (MONDAY_7_UTC - TL_HOUR(21))

static const char *walk(const struct ivr_flow *f, const char *section, const char *tier, bool known,
                        enum ivr_channel channel, tl_time now)
{
    static char out[400];
    const struct ivr_caller who = {.channel = channel,
                                   .section = tl_str(section),
                                   .tier = tl_str(tier),
                                   .known_customer = known};
    struct ivr_result r;
    size_t n = 0;

    ivr_flow_run(f, &who, now, &r);
    for (int i = 0; i < r.n_taken; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s ", f->steps[r.taken[i]].id.s);
    n += (size_t)snprintf(out + n, sizeof out - n, "> %s %d %s", r.closed ? r.cause.s : r.queue.s,
                          r.priority, r.music.s);
    for (int i = 0; i < r.skills.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " +%s", r.skills.at[i].s);
    for (int i = 0; i < r.announcements.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " \"%s\"", r.announcements.at[i].s);
    return out;
}

static void the_section_is_the_choice(void **state)
{
    struct ivr_flow *f = NULL;
    struct tl_buf why = TL_BUF(4096);

    TL_UNUSED(state);
    if (ivr_flow_parse(&f, tl_str(shop), "test", &why))
        fail_msg("%s", why.p);
    assert_string_equal(
        walk(f, "checkout", "standard", false, IVR_VIDEO, MONDAY_7_UTC),
        "tier hours hello number topic orders > orders 0 music +payments \"welcome\" \"wait\"");
    assert_string_equal(walk(f, "nowhere", "", false, IVR_CHAT, MONDAY_7_UTC),
                        "tier hours hello number topic sales > sales 1 music \"welcome\" \"wait\"");
    assert_string_equal(walk(f, "basket", "gold", true, IVR_VIDEO, SUNDAY_10_UTC),
                        "tier gold topic orders > orders 5 jazz +vip +payments");
    assert_string_equal(walk(f, "basket", "gold", false, IVR_VIDEO, SUNDAY_10_UTC),
                        "tier hours bye > closed_hours 0 music"); /* not vouched for */
    tl_free(f);
    tl_buf_done(&why);
}

static void opening_hours(void **state)
{
    const struct ivr_hours h = {
        .days = 0x1f, .from_min = 8 * 60, .to_min = 18 * 60, .utc_offset_min = 60};

    TL_UNUSED(state);
    assert_true(ivr_hours_open(&h, MONDAY_7_UTC));
    assert_false(ivr_hours_open(&h, MONDAY_7_UTC - 1));
    assert_true(ivr_hours_open(&h, MONDAY_7_UTC + TL_HOUR(10) - 1));
    assert_false(ivr_hours_open(&h, MONDAY_7_UTC + TL_HOUR(10)));
    assert_false(ivr_hours_open(&h, MONDAY_7_UTC + TL_HOUR(24 * 5))); /* Saturday */
    assert_false(ivr_hours_open(&h, SUNDAY_10_UTC));
}

static void bad_flows_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text, *complaint;
    } bad[] = {
        {"flow: x\nstart: a\nsteps:\n  a: {say: welcome}\n", "f:4: a: the path stops here"},
        {"flow: x\nstart: a\nsteps:\n  a: {say: welcome, next: b}\n", "f:4: b: next names no step"},
        {"flow: x\nstart: z\nsteps:\n  a: {enqueue: {queue: q}}\n", "z: start names no step"},
        {"flow: x\nstart: a\nsteps:\n  a: {say: w, next: b}\n  b: {say: w, next: a}\n",
         "the path comes back"},
        {"flow: x\nstart: a\nsteps:\n  a: {enqueue: {queue: q}}\n  b: {enqueue: {queue: q}}\n",
         "f:5: b: no path leads"},
        {"flow: x\nstart: a\nsteps:\n  a: {enqueue: {}}\n", "f:4: queue"},
        {"flow: x\nstart: a\nsteps:\n  a: {enqueue: {queue: q}, next: a}\n", "nothing comes after"},
        {"flow: x\nstart: a\nsteps:\n  a: {enqueue: {queue: q}, say: w}\n", "exactly one thing"},
        {"flow: x\nstart: a\nsteps:\n  a: {dance: now}\n", "f:4: dance"},
        {"flow: x\nstart: a\nsteps:\n  a: {branch: [{when: {mood: good}, go: b}], else: b}\n"
         "  b: {enqueue: {queue: q}}\n",
         "f:4: mood"},
        {"flow: x\nstart: a\nsteps:\n  a: {branch: [{when: {open: never}, go: b}], else: b}\n"
         "  b: {enqueue: {queue: q}}\n",
         "open: names no hours"},
        {"flow: x\nstart: a\nsteps:\n  a: {branch: [{when: {tier: gold}, go: b}]}\n"
         "  b: {enqueue: {queue: q}}\n",
         "f:4: a: the path stops here"},
        {"flow: x\nstart: a\nhours: {h: {from: \"9\", to: \"10:00\"}}\nsteps:\n"
         "  a: {enqueue: {queue: q}}\n",
         "f:3: from"},
        {"flow: x\nstart: a\nhours: {h: {from: \"11:00\", to: \"10:00\"}}\nsteps:\n"
         "  a: {enqueue: {queue: q}}\n",
         "must be later"},
        {"flow: x\nstart: a\nsteps:\n  a: {enqueue: {queue: q, priority: 1000}}\n",
         "f:4: priority"},
        {"flow: x\nstart: a\nsteps:\n  a: {say: [a, b, c, d, e], next: b}\n"
         "  b: {branch: [{when: {tier: gold}, go: c}], else: d}\n  c: {say: [f, g, h, i], next: "
         "d}\n"
         "  d: {enqueue: {queue: q}}\n",
         "f:4: a: a path from here says more than 8 announcements"},
        {"flow: x\nstart: a\nsteps:\n  a: {set: {skills: [a, b, c, d, e]}, next: b}\n"
         "  b: {enqueue: {queue: q, skills: [f, g, h, i]}}\n",
         "f:4: a: a path from here asks for more than 8 skills"},
        {"flow: x\nstart: a\nsteps: []\n", "f:3: steps"},
        {"flow: x\n", "start"},
        {"- 1\n", "must be a mapping"},
    };

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(bad); i++) {
        struct ivr_flow *f = NULL;
        struct tl_buf why = TL_BUF(4096);

        assert_int_equal(ivr_flow_parse(&f, tl_str(bad[i].text), "f", &why), -EINVAL);
        assert_null(f);
        if (!why.p || !strstr(why.p, bad[i].complaint))
            fail_msg("%zu: \"%s\" instead of \"%s\"", i, why.p ? why.p : "", bad[i].complaint);
        tl_buf_done(&why);
    }
}

static void out_of_memory_at_every_place(void **state)
{
    int err = -ENOMEM;

    TL_UNUSED(state);
    for (int64_t n = 0; err; n++) {
        struct ivr_flow *f = NULL;
        struct tl_buf why = TL_BUF(4096);

        (void)tl_mem_fail_after(n);
        err = ivr_flow_parse(&f, tl_str(shop), "test", &why);
        (void)tl_mem_fail_after(-1);
        assert_true(n < 5000);
        assert_true(err == 0 || err == -ENOMEM);
        tl_free(f);
        tl_buf_done(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_section_is_the_choice),
        cmocka_unit_test(opening_hours),
        cmocka_unit_test(bad_flows_are_refused_with_their_line),
        cmocka_unit_test(out_of_memory_at_every_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
