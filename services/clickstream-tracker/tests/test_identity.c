/* Who sends: visitors by our tokens, customers by the site's claims. */
#include "world.c"

static void sign(const struct tl_token_key *key, const char *kind, const char *subject,
                 tl_time expires, struct tl_buf *out)
{
    struct tl_claims c = {.tier = "gold", .name = "Customer One", .expires_at = expires};

    tl_str_put(c.kind, sizeof(c.kind), tl_str(kind));
    tl_str_put(c.issuer, sizeof(c.issuer), TL_STR("shop"));
    tl_str_put(c.subject.s, sizeof(c.subject.s), tl_str(subject));
    assert_int_equal(tl_token_sign(out, key, &c), 0);
}

static void send_claim(struct world *w, const char *token, const char *customer)
{
    struct tl_buf claim = TL_BUF(TL_TOKEN_MAX);
    char body[4096];

    sign(&w->set.site_key, "identity", customer, tl_clock_wall() + TL_MIN(5), &claim);
    snprintf(body, sizeof(body),
             "{\"token\":\"%s\",\"claim\":\"%.*s\",\"events\":[{\"type\":\"page_view\","
             "\"url\":\"/a\"}]}",
             token, (int)claim.n, claim.p);
    sends(w, body);
    tl_buf_done(&claim);
}

static void the_sites_claim_makes_a_visitor_a_known_customer(void **state)
{
    struct world *w = *state;
    char anonymous[1100], known[1100], visitor[1100], other[1100];
    struct tl_claims c;

    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", anonymous);
    field(w, "visitor_id", visitor);
    send_claim(w, anonymous, "cust-1");
    assert_int_equal(w->status, 200);
    field(w, "token", known);
    assert_string_equal(field(w, "visitor_id", other), visitor);
    assert_int_equal(
        tl_token_verify(&c, &w->set.token_key, tl_str(known), "visitor", tl_clock_wall()), 0);
    assert_string_equal(c.customer.s, "cust-1");
    assert_string_equal(c.tier, "gold");
    assert_string_equal(c.name, "Customer One");
    /* The same claim again changes nothing; another customer is another visitor. */
    send_claim(w, known, "cust-1");
    assert_string_equal(field(w, "token", other), "");
    send_claim(w, known, "cust-2");
    assert_string_not_equal(field(w, "visitor_id", other), visitor);
    assert_string_not_equal(field(w, "token", other), "");
    /* A name that no other service could keep would be lost on the way. */
    send_claim(w, anonymous, "one@shop.example");
    assert_int_equal(w->status, 422);
    assert_string_equal(w->pointer, "/claim");
}

static void tokens_that_are_not_ours_are_refused(void **state)
{
    struct world *w = *state;
    struct tl_token_key stranger = {{9}};
    const struct {
        const struct tl_token_key *key;
        const char *kind, *member;
        tl_dur left;
    } cases[] = {
        {&stranger, "visitor", "token", TL_MIN(5)},
        {&w->set.token_key, "agent", "token", TL_MIN(5)},
        {&w->set.token_key, "visitor", "token", -TL_MIN(5)},
        {&stranger, "identity", "claim", TL_MIN(5)},
        {&w->set.token_key, "identity", "claim", TL_MIN(5)},
        {&w->set.site_key, "visitor", "claim", TL_MIN(5)},
        {&w->set.site_key, "identity", "claim", -TL_MIN(5)},
    };

    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct tl_buf token = TL_BUF(TL_TOKEN_MAX);
        char body[2048], pointer[16];

        sign(cases[i].key, cases[i].kind, "someone", tl_clock_wall() + cases[i].left, &token);
        snprintf(body, sizeof(body), "{\"%s\":\"%.*s\",\"events\":[]}", cases[i].member,
                 (int)token.n, token.p);
        sends(w, body);
        snprintf(pointer, sizeof(pointer), "/%s", cases[i].member);
        assert_int_equal(w->status, 401);
        assert_string_equal(w->pointer, pointer);
        tl_buf_done(&token);
    }
    assert_int_equal(w->n_clicks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_sites_claim_makes_a_visitor_a_known_customer),
        STORY(tokens_that_are_not_ours_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
