/* Tokens: noise never verifies, and claims behind a right tag never harm. */
#include <sodium.h>
#include <stdlib.h>
#include <tl_token.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tl_token_key key = {.bytes = {7}};

/* Any bytes as claims, signed with the right key. */
static void signed_noise(const uint8_t *data, size_t size)
{
    char token[TL_TOKEN_MAX + 1] = "tl1.";
    unsigned char tag[crypto_auth_BYTES];
    struct tl_claims claims;
    size_t n;

    if (size > 600)
        return;
    sodium_bin2base64(token + 4, sizeof(token) - 4, data, size,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    n = strlen(token);
    (void)crypto_auth(tag, (const unsigned char *)token, n, key.bytes);
    token[n++] = '.';
    sodium_bin2base64(token + n, sizeof(token) - n, tag, sizeof(tag),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (tl_token_verify(&claims, &key, tl_str(token), "visitor", 5) == 0 && claims.expires_at <= 5)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tl_claims claims;

    if (sodium_init() < 0)
        return 0;
    if (tl_token_verify(&claims, &key, (struct tl_str){(const char *)data, size}, "visitor", 0) ==
        0)
        abort(); /* nobody guesses a tag */
    signed_noise(data, size);
    return 0;
}
