/* Sign who somebody is, and see what a changed byte does. */
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_token.h>

int main(void)
{
    struct tl_token_key key; /* a service loads it: tl_token_key_load() */
    struct tl_claims who = {.kind = "visitor", .tier = "gold", .subject = tl_id_new()}, read;
    struct tl_buf token = TL_BUF(TL_TOKEN_MAX);
    tl_time now = tl_clock_wall();
    int rc = 1;

    tl_random(&key, sizeof(key));
    who.expires_at = now + TL_HOUR(24 * 30);
    if (tl_token_sign(&token, &key, &who))
        goto out;
    printf("token of %zu bytes\n", token.n);
    if (tl_token_verify(&read, &key, tl_buf_str(&token), "visitor", now))
        goto out;
    printf("it is %s, tier %s\n", read.subject.s, read.tier);
    if (tl_token_verify(&read, &key, tl_buf_str(&token), "agent", now) != -EPROTO)
        goto out;
    token.p[token.n / 2] ^= 1;
    if (tl_token_verify(&read, &key, tl_buf_str(&token), "visitor", now) != -EBADMSG)
        goto out;
    puts("a visitor is no agent, and a changed token is none");
    rc = 0;
out:
    tl_buf_done(&token);
    return rc;
}
