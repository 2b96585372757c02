/* The bytes of NATS: frames read whole, in pieces and broken; what is written, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <src/bus/nats_wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>

enum { MOST = 1 << 20 };

/* A frame in words: "MSG 7 subject reply [name=value ...] data". */
static void describe(char *out, size_t size, const struct nats_frame *f)
{
    static const char *const names[] = {"MORE", "INFO", "MSG", "PING", "PONG", "OK", "ERR"};
    struct tl_buf b = TL_BUF(4096);

    tl_buf_puts(&b, names[f->op]);
    if (f->op == NATS_INFO || f->op == NATS_ERR)
        tl_buf_printf(&b, " %s", f->text.s); /* terminated */
    if (f->op == NATS_MSG) {
        tl_buf_printf(&b, " %llu %s %s", (unsigned long long)f->sid, f->msg.subject.s,
                      f->msg.reply ? f->msg.reply : "-");
        for (size_t i = 0; i < f->msg.n_headers; i++)
            tl_buf_printf(&b, " [%s=%s]", f->msg.headers[i].name, f->msg.headers[i].value);
        tl_buf_printf(&b, " %s", (const char *)f->msg.data);
        assert_int_equal(strlen(f->msg.data), f->msg.n);
        assert_int_equal(strlen(f->msg.subject.s), f->msg.subject.n);
    }
    snprintf(out, size, "%s", b.p);
    tl_buf_done(&b);
}

/* From a block of exactly n bytes, so that a sanitizer sees a read beyond them. */
static int read_exactly(struct nats_frame *f, char **block, const char *bytes, size_t n)
{
    *block = malloc(n);
    assert_non_null(*block);
    memcpy(*block, bytes, n);
    return nats_read(f, *block, n, MOST);
}

static const struct {
    const char *bytes, *frame;
} examples[] = {
    {"PING\r\n", "PING"},
    {"PONG\r\n", "PONG"},
    {"+OK\r\n", "OK"},
    {"INFO {\"max_payload\":1048576} \r\n", "INFO {\"max_payload\":1048576} "},
    {"-ERR 'Authorization Violation'\r\n", "ERR Authorization Violation"},
    {"MSG a.b 9 11\r\nHello World\r\n", "MSG 9 a.b - Hello World"},
    {"MSG a.b 9 _INBOX.x.1 2\r\nhi\r\n", "MSG 9 a.b _INBOX.x.1 hi"},
    {"MSG  a  1\t0\r\n\r\n", NULL}, /* a tab is no separator of this server */
    {"MSG a 1 0\r\n\r\n", "MSG 1 a - "},
    {"MSG a 1 2\r\n\r\n\r\n", "MSG 1 a - \r\n"}, /* data may look like an end */
    {"HMSG a 1 24 26\r\nNATS/1.0\r\nX-Ray: on\r\n\r\n\r\nhi\r\n",
     NULL}, /* 23 and a line too many */
    {"HMSG a 1 23 25\r\nNATS/1.0\r\nX-Ray: on\r\n\r\nhi\r\n", "MSG 1 a - [X-Ray=on] hi"},
    {"HMSG a 1 r 23 23\r\nNATS/1.0\r\nX-Ray: on\r\n\r\n\r\n", "MSG 1 a r [X-Ray=on] "},
    {"HMSG i 3 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", "MSG 3 i - [Status=503] "},
    {"HMSG i 3 28 28\r\nNATS/1.0 404 No Messages\r\n\r\n\r\n",
     "MSG 3 i - [Status=404] [Description=No Messages] "},
    {"HMSG a 1 38 39\r\nNATS/1.0\r\nA : 1 \r\nnonsense\r\n:2\r\nB:\r\n\r\nx\r\n",
     "MSG 1 a - [A=1] [B=] x"},
    {"HMSG a 1 4 5\r\njunkx\r\n", "MSG 1 a - x"}, /* its sender's fault, not the connection's */
    {"MSG a 1 99999999\r\n", NULL},
    {"MSG a 1 -1\r\n\r\n", NULL},
    {"MSG a 1\r\n\r\n", NULL},
    {"MSG a b 1 2 3 4 5\r\n\r\n", NULL},
    {"MSG a 1 2\r\nhello\r\n", NULL}, /* longer than said */
    {"HMSG a 1 9 3\r\nabc\r\n", NULL},
    {"HTTP/1.1 400 Bad Request\r\n", NULL},
    {"\r\n", NULL},
};

static void a_frame_is_understood_or_refused(void **state)
{
    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(examples); i++) {
        size_t n = strlen(examples[i].bytes);
        struct nats_frame f;
        char *block, text[200];
        int err = read_exactly(&f, &block, examples[i].bytes, n);

        if (!examples[i].frame) {
            if (err != -EBADMSG)
                fail_msg("taken for good: %s", examples[i].bytes);
        } else {
            assert_int_equal(err, 0);
            assert_int_equal(f.size, n);
            describe(text, sizeof(text), &f);
            assert_string_equal(text, examples[i].frame);
        }
        free(block);
    }
}

static void half_a_frame_waits_for_the_rest_and_stays_as_it_was(void **state)
{
    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(examples); i++) {
        size_t n = strlen(examples[i].bytes);

        for (size_t k = 1; examples[i].frame && k < n; k++) {
            struct nats_frame f;
            char *block;

            assert_int_equal(read_exactly(&f, &block, examples[i].bytes, k), 0);
            assert_int_equal(f.op, NATS_MORE);
            assert_true(f.size == 0 || f.size == n); /* known as soon as its first line is */
            assert_memory_equal(block, examples[i].bytes, k);
            free(block);
        }
    }
}

static void a_line_without_an_end_is_refused_at_last(void **state)
{
    static char line[64 * 1024];
    struct nats_frame f;

    TL_UNUSED(state);
    memset(line, 'A', sizeof(line));
    assert_int_equal(nats_read(&f, line, sizeof(line) - 1, MOST), 0);
    assert_int_equal(f.op, NATS_MORE);
    assert_int_equal(nats_read(&f, line, sizeof(line), MOST), -EBADMSG);
}

static void more_headers_than_there_is_room_for_are_not_seen(void **state)
{
    struct tl_header headers[NATS_HEADERS_MAX + 5];
    struct tl_buf b = TL_BUF(4096);
    struct nats_frame f;

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(headers); i++)
        headers[i] = (struct tl_header){"A", "1"};
    assert_int_equal(nats_write_pub(&b, "a", "1", headers, TL_LEN(headers), "x", 1), 0);
    memcpy(b.p, "HMSG", 4); /* "HPUB a 1 ..." and "HMSG a 1 ..." differ in a word only */
    assert_int_equal(nats_read(&f, b.p, b.n, MOST), 0);
    assert_int_equal(f.msg.n_headers, NATS_HEADERS_MAX);
    assert_string_equal(f.msg.data, "x");
    tl_buf_done(&b);
}

static void what_is_written_is_what_a_server_reads(void **state)
{
    const struct tl_header headers[] = {{"Nats-Msg-Id", "7"}, {"Reason", "two\r\nlines"}};
    struct tl_buf b = TL_BUF(4096);

    TL_UNUSED(state);
    assert_int_equal(nats_write_pub(&b, "a.b", NULL, NULL, 0, "hi", 2), 0);
    assert_int_equal(nats_write_pub(&b, "a", "r.1", NULL, 0, NULL, 0), 0);
    assert_int_equal(nats_write_pub(&b, "a", "r", headers, 2, "x", 1), 0);
    assert_int_equal(nats_write_sub(&b, "a.>", NULL, 12), 0);
    assert_int_equal(nats_write_sub(&b, "a.*", "group", 13), 0);
    assert_int_equal(nats_write_unsub(&b, 12), 0);
    assert_string_equal(b.p, "PUB a.b 2\r\nhi\r\n"
                             "PUB a r.1 0\r\n\r\n"
                             "HPUB a r 48 49\r\nNATS/1.0\r\nNats-Msg-Id: 7\r\n"
                             "Reason: two  lines\r\n\r\nx\r\n"
                             "SUB a.> 12\r\nSUB a.* group 13\r\nUNSUB 12\r\n");
    tl_buf_clear(&b);
    assert_int_equal(nats_write_connect(&b, "acd", "me", "a\"b"), 0);
    assert_non_null(strstr(b.p, "\"name\":\"acd\",\"user\":\"me\",\"pass\":\"a\\\"b\"}\r\n"));
    assert_non_null(strstr(b.p, "\"no_responders\":true"));
    tl_buf_done(&b);
}

/* A subject from outside must not become a command of its own. */
static void what_would_break_the_protocol_is_not_written(void **state)
{
    static const char *const wrong[] = {"", "a b", "a\r\nPUB x 0", "a\tb", "a\n"};
    struct tl_buf b = TL_BUF(4096);

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(wrong); i++) {
        const struct tl_header h = {wrong[i], "v"};

        assert_int_equal(nats_write_pub(&b, wrong[i], NULL, NULL, 0, "", 0), -EINVAL);
        assert_int_equal(nats_write_pub(&b, "a", wrong[i], NULL, 0, "", 0), -EINVAL);
        assert_int_equal(nats_write_pub(&b, "a", NULL, &h, 1, "", 0), -EINVAL);
        assert_int_equal(nats_write_sub(&b, wrong[i], NULL, 1), -EINVAL);
        assert_int_equal(nats_write_sub(&b, "a", wrong[i], 1), -EINVAL);
    }
    assert_int_equal(nats_write_pub(&b, "a", NULL, &(struct tl_header){"x:y", "v"}, 1, "", 0),
                     -EINVAL);
    assert_int_equal(b.n, 0);
    tl_buf_done(&b);
}

static void what_does_not_fit_leaves_nothing_behind(void **state)
{
    const struct tl_header h = {"Name", "value"};
    struct tl_buf b = TL_BUF(64), small = TL_BUF(4096);
    char data[60] = "";

    TL_UNUSED(state);
    assert_int_equal(nats_write_pub(&b, "a", NULL, NULL, 0, "x", 1), 0);
    assert_int_equal(nats_write_pub(&b, "a", NULL, NULL, 0, data, sizeof(data)), -EMSGSIZE);
    assert_int_equal(nats_write_pub(&b, "b", NULL, NULL, 0, "y", 1), 0);
    assert_string_equal(tl_buf_str(&b).s, "PUB a 1\r\nx\r\nPUB b 1\r\ny\r\n");
    tl_buf_done(&b);

    (void)tl_mem_fail_after(1);
    assert_int_equal(nats_write_pub(&small, "a", NULL, &h, 1, data, sizeof(data)), -ENOMEM);
    (void)tl_mem_fail_after(-1);
    assert_int_equal(small.n, 0);
    assert_int_equal(small.err, 0);
    tl_buf_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_understood_or_refused),
        cmocka_unit_test(half_a_frame_waits_for_the_rest_and_stays_as_it_was),
        cmocka_unit_test(a_line_without_an_end_is_refused_at_last),
        cmocka_unit_test(more_headers_than_there_is_room_for_are_not_seen),
        cmocka_unit_test(what_is_written_is_what_a_server_reads),
        cmocka_unit_test(what_would_break_the_protocol_is_not_written),
        cmocka_unit_test(what_does_not_fit_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
