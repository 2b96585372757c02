/* Random tickets, and passwords as Argon2id. */
#include <sodium.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_token.h>

struct tl_id tl_ticket_new(void)
{
    uint8_t random[16];
    tl_time high = 0;

    /* A ULID's layout with every bit random: 48 bits where the time stands, 80 behind. */
    tl_random(random, sizeof(random));
    for (int i = 0; i < 6; i++)
        high = high << 8 | random[10 + i];
    return tl_id_ulid(TL_MSEC(high), random);
}

bool tl_password_ok(const char *hash, struct tl_str password)
{
    return sodium_init() >= 0 && crypto_pwhash_str_verify(hash, password.s, password.n) == 0;
}

int tl_password_hash(char ret[128], struct tl_str password)
{
    return sodium_init() >= 0 && crypto_pwhash_str(ret, password.s, password.n,
                                                   crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                   crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0
               ? 0
               : -ENOMEM;
}
