/**
 * @file tl_token.h  What browsers hold to prove who they are: signed tokens, and random tickets.
 * Token: "tl1." base64url(claims as JSON) "." base64url(HMAC-SHA-512/256 of everything before)
 * (libsodium crypto_auth).
 */
#ifndef TL_TOKEN_H
#define TL_TOKEN_H

#include <tl_buf.h>
#include <tl_id.h>

#define TL_TOKEN_MAX 1024 /**< longest token [bytes] */

struct tl_claims {
    char kind[16]; /**< "visitor", "agent", "resume", "identity": a token of one kind is no other */
    char issuer[40];       /**< site id for "identity" */
    struct tl_id subject;  /**< visitor id, agent id, session id, customer id */
    struct tl_id customer; /**< customer id that the site vouched for */
    char name[80];         /**< how the customer or agent is shown */
    char tier[24];
    char role[16]; /**< "agent", "supervisor" */
    tl_time expires_at;
};

struct tl_token_key {
    uint8_t bytes[32];
};

/** Key from a file of 64 hex digits.  Errors as tl_conf_secret(), -EINVAL: not 64 hex digits. */
int tl_token_key_load(struct tl_token_key *ret, const char *path);

/** Appends the token.  0, -ENOMEM, -EMSGSIZE, -EINVAL: text in the claims is not UTF-8. */
int tl_token_sign(struct tl_buf *out, const struct tl_token_key *key,
                  const struct tl_claims *claims);

/** 0; -EBADMSG: not ours or damaged; -EPROTO: another kind; -ETIME: expired at now. */
int tl_token_verify(struct tl_claims *ret, const struct tl_token_key *key, struct tl_str token,
                    const char *kind, tl_time now);

/** 128 random bits as 26 characters of base 32. */
struct tl_id tl_ticket_new(void);

/** Argon2id (libsodium, interactive limits: 64 MiB, about 100 ms): blocking, use tl_loop_work(). */
bool tl_password_ok(const char *hash, struct tl_str password);
int tl_password_hash(char ret[128], struct tl_str password);

#endif
