/* Frames, masks, UTF-8 and close codes against the RFC's own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>
#include <tl_ws_frame.h>

struct example {
    const char *bytes;
    size_t n;
    enum tl_ws_op op;
    bool fin, masked;
    uint64_t length;
    size_t head_size;
};

/* RFC 6455 5.7 */
static const struct example examples[] = {
    {"\x81\x05Hello", 7, TL_WS_TEXT, true, false, 5, 2},
    {"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, TL_WS_TEXT, true, true, 5, 6},
    {"\x01\x03Hel", 5, TL_WS_TEXT, false, false, 3, 2},
    {"\x80\x02lo", 4, TL_WS_CONT, true, false, 2, 2},
    {"\x89\x05Hello", 7, TL_WS_PING, true, false, 5, 2},
    {"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11, TL_WS_PONG, true, true, 5, 6},
    {"\x82\x7e\x01\x00", 4, TL_WS_BINARY, true, false, 256, 4},
    {"\x82\x7f\0\0\0\0\0\x01\0\0", 10, TL_WS_BINARY, true, false, 65536, 10},
};

static void examples_of_the_rfc_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < TL_LEN(examples); i++) {
        const struct example *x = &examples[i];
        struct tl_ws_head h;

        assert_int_equal(tl_ws_head_parse(&h, (const uint8_t *)x->bytes, x->n), 1);
        assert_int_equal(h.op, x->op);
        assert_int_equal(h.fin, x->fin);
        assert_int_equal(h.masked, x->masked);
        assert_int_equal(h.length, x->length);
        assert_int_equal(h.head_size, x->head_size);
        for (size_t n = 0; n < x->head_size; n++) /* never looks beyond n */
            assert_int_equal(tl_ws_head_parse(&h, (const uint8_t *)x->bytes, n), 0);
    }
}

static void what_is_written_is_read_again(void **state)
{
    static const uint64_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536, 1ULL << 40, INT64_MAX};
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t bytes[14];
    struct tl_ws_head h;

    (void)state;
    for (size_t i = 0; i < TL_LEN(lengths); i++)
        for (int masked = 0; masked < 2; masked++) {
            size_t n =
                tl_ws_head_write(bytes, TL_WS_BINARY, i % 2, lengths[i], masked ? mask : NULL);

            assert_int_equal(tl_ws_head_parse(&h, bytes, n), 1);
            assert_int_equal(h.head_size, n);
            assert_int_equal(h.length, lengths[i]);
            assert_int_equal(h.fin, i % 2);
            assert_int_equal(h.masked, masked);
            if (masked)
                assert_memory_equal(h.mask, mask, 4);
        }
}

static void wrong_heads_are_refused_as_early_as_can_be(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } wrong[] = {
        {"\xc1", 1}, /* reserved bits */
        {"\xa1", 1},
        {"\x91", 1},
        {"\x83", 1}, /* opcodes */
        {"\x87", 1},
        {"\x8b", 1},
        {"\x8f", 1},
        {"\x08", 1}, /* control frames in pieces, or long */
        {"\x09", 1},
        {"\x89\x7e", 2},
        {"\x88\xff", 2},
        {"\x82\x7e\x00\x7d", 4}, /* not the shortest length */
        {"\x82\x7f\0\0\0\0\0\0\xff\xff", 10},
        {"\x82\x7f\x80\0\0\0\0\0\0\0", 10}, /* negative */
    };
    struct tl_ws_head h;

    (void)state;
    for (size_t i = 0; i < TL_LEN(wrong); i++)
        assert_int_equal(tl_ws_head_parse(&h, (const uint8_t *)wrong[i].bytes, wrong[i].n),
                         -EPROTO);
}

static void a_mask_works_from_any_offset(void **state)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t whole[67], pieces[67];

    (void)state;
    for (size_t i = 0; i < sizeof(whole); i++)
        whole[i] = pieces[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof(whole); i++)
        whole[i] ^= mask[i & 3];
    for (size_t at = 0, n = 1; at < sizeof(pieces); at += n, n = n * 2 + 1) {
        n = TL_LOWER(n, sizeof(pieces) - at);
        tl_ws_mask(pieces + at, n, mask, at);
    }
    assert_memory_equal(whole, pieces, sizeof(whole));
}

/* Whether a text is valid must not depend on where it is cut. */
static bool utf8_ok(const char *s, size_t n, size_t cut)
{
    uint32_t state = 0;

    return tl_ws_utf8_step(&state, (const uint8_t *)s, cut) &&
           tl_ws_utf8_step(&state, (const uint8_t *)s + cut, n - cut) && tl_ws_utf8_end(state);
}

static void text_is_checked_alike_wherever_it_is_cut(void **state)
{
    static const struct {
        const char *s;
        bool ok;
    } texts[] = {
        {"", true},
        {"plain ascii, longer than eight bytes", true},
        {"12345678\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5 12345678", true},
        {"\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
        {"12345678\x80", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xfe", false},
        {"\xe2\x82", false},
        {"\xe2\x28\xa1", false},
        {"12345678\xf0\x9f\x98", false},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(texts); i++)
        for (size_t cut = 0, n = strlen(texts[i].s); cut <= n; cut++)
            assert_int_equal(utf8_ok(texts[i].s, n, cut), texts[i].ok);
}

/* Every two-byte and three-byte sequence, against the decoder written down in RFC 3629. */
static void all_short_sequences_are_judged_rightly(void **state)
{
    unsigned valid = 0;

    (void)state;
    for (unsigned a = 0x80; a < 0x100; a++)
        for (unsigned b = 0; b < 0x100; b++) {
            const char two[] = {(char)a, (char)b};

            valid += utf8_ok(two, 2, 1);
            for (unsigned c = 0; a >= 0xe0 && c < 0x100; c++) {
                const char three[] = {(char)a, (char)b, (char)c};

                valid += utf8_ok(three, 3, 1);
            }
        }
    assert_int_equal(valid, (0x800 - 0x80) + (0x10000 - 0x800 - 0x800));
}

static void close_codes_of_the_registry_are_fine(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 66000; code++) {
        bool ok = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                  (code >= 3000 && code < 5000);

        assert_int_equal(tl_ws_code_ok(code), ok);
    }
}

static void the_key_of_the_rfc_is_accepted(void **state)
{
    static const char *const wrong[] = {"",
                                        "dGhlIHNhbXBsZSBub25jZQ=",
                                        "dGhlIHNhbXBsZSBub25jZQ==\n",
                                        "dGhlIHNhbXBsZSBub25jZR==",
                                        "dGhlIHNhbXBsZSBub25jZ===",
                                        "dGhlIHNhbXBsZSBu 25jZQ==",
                                        "c2hvcnQ="};
    char accept[29];

    (void)state;
    assert_true(tl_ws_accept_key(accept, TL_STR("dGhlIHNhbXBsZSBub25jZQ==")));
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (size_t i = 0; i < TL_LEN(wrong); i++)
        assert_false(tl_ws_accept_key(accept, tl_str(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc_are_understood),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(wrong_heads_are_refused_as_early_as_can_be),
        cmocka_unit_test(a_mask_works_from_any_offset),
        cmocka_unit_test(text_is_checked_alike_wherever_it_is_cut),
        cmocka_unit_test(all_short_sequences_are_judged_rightly),
        cmocka_unit_test(close_codes_of_the_registry_are_fine),
        cmocka_unit_test(the_key_of_the_rfc_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
