/* Whose request it is: a visitor by our token, a customer by the site's claim. */
#include "tracker.h"

#include <tl_clock.h>

#define TOKEN_RENEW TL_HOUR(24 * 7) /* a token that ends sooner is replaced */

static int new_token(struct identity *id, const struct clickstream_settings *set, tl_time now)
{
    struct tl_buf out = TL_BUF(TL_TOKEN_MAX);
    int err;

    id->who.expires_at = now + set->token_life;
    err = tl_token_sign(&out, &set->token_key, &id->who);
    if (!err)
        tl_str_put(id->token, sizeof(id->token), tl_buf_str(&out));
    tl_buf_done(&out);
    return err;
}

static void new_visitor(struct tl_claims *who)
{
    *who = (struct tl_claims){.subject = tl_id_new()};
    tl_str_put(who->kind, sizeof(who->kind), TL_STR("visitor"));
}

/* The site vouches for a customer.  Another customer on the same browser is another visitor: what
 * the first one looked at is not the second one's business. */
static void claim_customer(struct tl_claims *who, const struct tl_claims *claim)
{
    if (!tl_id_empty(&who->customer) && !tl_id_eq(&who->customer, &claim->subject))
        new_visitor(who);
    who->customer = claim->subject;
    tl_str_put(who->name, sizeof(who->name), tl_str(claim->name));
    tl_str_put(who->tier, sizeof(who->tier), tl_str(claim->tier));
}

static bool same_customer(const struct tl_claims *who, const struct tl_claims *claim)
{
    return tl_id_eq(&who->customer, &claim->subject) && strcmp(who->name, claim->name) == 0 &&
           strcmp(who->tier, claim->tier) == 0;
}

int identity_find(struct identity *ret, const struct clickstream_settings *set, struct tl_str token,
                  struct tl_str claim, tl_time now, const char **ret_pointer)
{
    struct tl_claims site;
    bool sign = token.n == 0;

    ret->token[0] = '\0';
    *ret_pointer = "/token";
    if (sign)
        new_visitor(&ret->who);
    else if (tl_token_verify(&ret->who, &set->token_key, token, "visitor", now))
        return 401;
    sign = sign || ret->who.expires_at - now < TOKEN_RENEW;
    if (claim.n) {
        *ret_pointer = "/claim";
        if (!set->has_site_key || tl_token_verify(&site, &set->site_key, claim, "identity", now))
            return 401;
        if (tl_id_parse(&site.subject, tl_id_str(&site.subject)))
            return 422; /* no other service could keep it */
        if (!same_customer(&ret->who, &site)) {
            claim_customer(&ret->who, &site);
            sign = true;
        }
    }
    *ret_pointer = NULL;
    return sign && new_token(ret, set, now) ? 500 : 0;
}
