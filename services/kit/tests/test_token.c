/* Tokens: what was signed comes back; anything else is refused.  Tickets and passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tl_mem.h>
#include <tl_token.h>
#include <unistd.h>

#include <cmocka.h>

static const struct tl_token_key key = {.bytes = "0123456789abcdef0123456789abcde"};
static const struct tl_claims claims = {
    .kind = "visitor",
    .subject = {"01ARYZ6S410000000000000000"},
    .customer = {"demo-gold"},
    .name = "Gold \"Demo\" Customer é",
    .tier = "gold",
    .expires_at = TL_SEC(2000),
};

static struct tl_buf signed_token(void)
{
    struct tl_buf b = TL_BUF(TL_TOKEN_MAX);

    assert_int_equal(tl_token_sign(&b, &key, &claims), 0);
    return b;
}

static void what_was_signed_comes_back(void **state)
{
    struct tl_buf b = signed_token();
    struct tl_claims c;

    TL_UNUSED(state);
    assert_int_equal(tl_token_verify(&c, &key, tl_buf_str(&b), "visitor", TL_SEC(1999)), 0);
    assert_string_equal(c.subject.s, claims.subject.s);
    assert_string_equal(c.customer.s, "demo-gold");
    assert_string_equal(c.name, claims.name);
    assert_string_equal(c.tier, "gold");
    assert_int_equal(c.expires_at, TL_SEC(2000));
    assert_int_equal(tl_token_verify(&c, &key, tl_buf_str(&b), "visitor", TL_SEC(2000)), -ETIME);
    assert_int_equal(tl_token_verify(&c, &key, tl_buf_str(&b), "agent", 0), -EPROTO);
    tl_buf_done(&b);
}

static void one_changed_byte_anywhere_is_noticed(void **state)
{
    struct tl_buf b = signed_token();
    struct tl_token_key other = key;
    struct tl_claims c;

    TL_UNUSED(state);
    for (size_t i = 0; i < b.n; i++) {
        char was = b.p[i];

        b.p[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(tl_token_verify(&c, &key, tl_buf_str(&b), "visitor", 0), -EBADMSG);
        b.p[i] = was;
    }
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(tl_token_verify(&c, &key, (struct tl_str){b.p, n}, "visitor", 0),
                         -EBADMSG);
    other.bytes[0] ^= 1;
    assert_int_equal(tl_token_verify(&c, &other, tl_buf_str(&b), "visitor", 0), -EBADMSG);
    tl_buf_done(&b);
}

static void bad_claims_and_failing_memory_sign_nothing(void **state)
{
    struct tl_claims bad = claims;
    struct tl_buf b = TL_BUF(TL_TOKEN_MAX);
    int err = -ENOMEM;

    TL_UNUSED(state);
    strcpy(bad.name, "\xff");
    assert_int_equal(tl_token_sign(&b, &key, &bad), -EINVAL);
    for (int i = 0; err; i++) {
        tl_mem_fail_after(i);
        err = tl_token_sign(&b, &key, &claims);
        tl_mem_fail_after(-1);
        assert_true(err == 0 || err == -ENOMEM);
        tl_buf_done(&b);
    }
}

static void a_key_comes_from_64_hex_digits_that_only_we_can_read(void **state)
{
    char path[] = "/tmp/tl-key-XXXXXX";
    struct tl_token_key k;
    int fd = mkstemp(path);

    TL_UNUSED(state);
    assert_int_equal(dprintf(fd, "%064x\n", 42), 65);
    assert_int_equal(tl_token_key_load(&k, path), 0);
    assert_int_equal(k.bytes[31], 42);
    assert_int_equal(fchmod(fd, 0644), 0);
    assert_int_equal(tl_token_key_load(&k, path), -EACCES);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(ftruncate(fd, 60), 0);
    assert_int_equal(tl_token_key_load(&k, path), -EINVAL);
    close(fd);
    unlink(path);
    assert_int_equal(tl_token_key_load(&k, path), -ENOENT);
}

/* A header that is absent is text without an address. */
static void no_text_is_no_token(void **state)
{
    struct tl_claims c;

    TL_UNUSED(state);
    assert_int_equal(tl_token_verify(&c, &key, (struct tl_str){0}, "visitor", 0), -EBADMSG);
}

static void tickets_differ_and_are_ids(void **state)
{
    struct tl_id a = tl_ticket_new(), b = tl_ticket_new(), parsed;

    TL_UNUSED(state);
    assert_false(tl_id_eq(&a, &b));
    assert_int_equal(tl_id_parse_ulid(&parsed, tl_id_str(&a)), 0);
}

static void a_password_is_known_by_its_hash(void **state)
{
    char hash[128];

    TL_UNUSED(state);
    assert_int_equal(tl_password_hash(hash, TL_STR("open sesame")), 0);
    assert_non_null(strstr(hash, "$argon2id$"));
    assert_true(tl_password_ok(hash, TL_STR("open sesame")));
    assert_false(tl_password_ok(hash, TL_STR("open sesam")));
    assert_false(tl_password_ok("", TL_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_comes_back),
        cmocka_unit_test(one_changed_byte_anywhere_is_noticed),
        cmocka_unit_test(bad_claims_and_failing_memory_sign_nothing),
        cmocka_unit_test(a_key_comes_from_64_hex_digits_that_only_we_can_read),
        cmocka_unit_test(no_text_is_no_token),
        cmocka_unit_test(tickets_differ_and_are_ids),
        cmocka_unit_test(a_password_is_known_by_its_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
