/*
 * Signed tokens.  The signature is checked before anything inside is looked at, over the bytes as
 * they came.
 */
#include <jansson.h>
#include <sodium.h>
#include <tl_conf.h>
#include <tl_mem.h>
#include <tl_token.h>

#define PREFIX   "tl1."
#define SIG_TEXT 43 /* 32 bytes in base64url without padding */

static const int b64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

int tl_token_key_load(struct tl_token_key *ret, const char *path)
{
    struct tl_buf text = TL_BUF(4096);
    size_t n = 0;
    int err = tl_conf_secret(path, &text);

    if (!err &&
        (text.n != 64 ||
         sodium_hex2bin(ret->bytes, sizeof(ret->bytes), text.p, text.n, NULL, &n, NULL) != 0 ||
         n != sizeof(ret->bytes)))
        err = -EINVAL;
    if (text.p)
        sodium_memzero(text.p, text.n);
    tl_buf_done(&text);
    return err;
}

static void put_member(struct tl_buf *json, const char *key, const char *value)
{
    if (!*value)
        return;
    tl_buf_printf(json, "\"%s\":", key);
    tl_buf_json_str(json, tl_str(value));
    tl_buf_putc(json, ',');
}

static int claims_json(struct tl_buf *json, const struct tl_claims *c)
{
    const char *texts[] = {c->kind, c->issuer, c->subject.s, c->customer.s,
                           c->name, c->tier,   c->role};

    for (size_t i = 0; i < TL_LEN(texts); i++)
        if (!tl_utf8_ok(texts[i], strlen(texts[i])))
            return -EINVAL;
    tl_buf_putc(json, '{');
    put_member(json, "kind", c->kind);
    put_member(json, "iss", c->issuer);
    put_member(json, "sub", c->subject.s);
    put_member(json, "cus", c->customer.s);
    put_member(json, "name", c->name);
    put_member(json, "tier", c->tier);
    put_member(json, "role", c->role);
    return tl_buf_printf(json, "\"exp\":%lld}", (long long)(c->expires_at / 1000000));
}

static int put_base64(struct tl_buf *out, const void *p, size_t n)
{
    char text[TL_TOKEN_MAX + 1];

    if (sodium_base64_encoded_len(n, b64) > sizeof(text))
        return -EMSGSIZE;
    sodium_bin2base64(text, sizeof(text), p, n, b64);
    return tl_buf_puts(out, text);
}

int tl_token_sign(struct tl_buf *out, const struct tl_token_key *key,
                  const struct tl_claims *claims)
{
    struct tl_buf json = TL_BUF(TL_TOKEN_MAX), token = TL_BUF(TL_TOKEN_MAX);
    uint8_t sig[crypto_auth_BYTES];
    int err = claims_json(&json, claims);

    if (err)
        goto out;
    tl_buf_puts(&token, PREFIX);
    err = put_base64(&token, json.p, json.n);
    if (err || token.err) {
        err = err ? err : token.err;
        goto out;
    }
    crypto_auth(sig, (const uint8_t *)token.p, token.n, key->bytes);
    tl_buf_putc(&token, '.');
    err = put_base64(&token, sig, sizeof(sig));
    if (!err)
        err = token.err ? token.err : tl_buf_add(out, token.p, token.n);
out:
    tl_buf_done(&json);
    tl_buf_done(&token);
    return err;
}

static int read_text(json_t *root, const char *key, char *ret, size_t size)
{
    json_t *v = json_object_get(root, key);
    struct tl_str s = {.s = json_string_value(v), .n = json_string_length(v)};

    if (!v)
        return 0;
    return json_is_string(v) && tl_str_put(ret, size, s) ? 0 : -EBADMSG;
}

static int read_claims(struct tl_claims *c, json_t *root)
{
    json_t *exp = json_object_get(root, "exp");

    if (!json_is_object(root) || !json_is_integer(exp) ||
        json_integer_value(exp) > INT64_MAX / 1000000 || json_integer_value(exp) < 0 ||
        read_text(root, "kind", c->kind, sizeof(c->kind)) ||
        read_text(root, "iss", c->issuer, sizeof(c->issuer)) ||
        read_text(root, "sub", c->subject.s, sizeof(c->subject.s)) ||
        read_text(root, "cus", c->customer.s, sizeof(c->customer.s)) ||
        read_text(root, "name", c->name, sizeof(c->name)) ||
        read_text(root, "tier", c->tier, sizeof(c->tier)) ||
        read_text(root, "role", c->role, sizeof(c->role)))
        return -EBADMSG;
    c->expires_at = TL_SEC(json_integer_value(exp));
    return 0;
}

int tl_token_verify(struct tl_claims *ret, const struct tl_token_key *key, struct tl_str token,
                    const char *kind, tl_time now)
{
    struct tl_claims c = {0};
    uint8_t sig[crypto_auth_BYTES], payload[TL_TOKEN_MAX];
    size_t body = token.n > SIG_TEXT + 1 ? token.n - SIG_TEXT - 1 : 0, n = 0;
    const char *from;
    json_t *root;
    int err;

    if (token.n > TL_TOKEN_MAX || body <= strlen(PREFIX) || !tl_str_starts(token, TL_STR(PREFIX)) ||
        token.s[body] != '.')
        return -EBADMSG;
    if (sodium_base642bin(sig, sizeof(sig), token.s + body + 1, SIG_TEXT, NULL, &n, NULL, b64) !=
            0 ||
        n != sizeof(sig) ||
        crypto_auth_verify(sig, (const uint8_t *)token.s, body, key->bytes) != 0)
        return -EBADMSG;
    from = token.s + strlen(PREFIX);
    if (sodium_base642bin(payload, sizeof(payload), from, body - strlen(PREFIX), NULL, &n, NULL,
                          b64) != 0)
        return -EBADMSG;
    root = json_loadb((const char *)payload, n, JSON_REJECT_DUPLICATES, NULL);
    err = root ? read_claims(&c, root) : -EBADMSG;
    json_decref(root);
    if (err)
        return err;
    if (strcmp(c.kind, kind) != 0)
        return -EPROTO;
    if (c.expires_at <= now)
        return -ETIME;
    *ret = c;
    return 0;
}
