/**
 * @file agents.h  The agents who may sign in, from agents.yaml and the passwords file, and what
 * they may choose from (not-ready reasons, dispositions), from conversation.yaml.
 */
#ifndef SIGNALING_AGENTS_H
#define SIGNALING_AGENTS_H

#include "core/who.h"
#include "wire.h"

struct agents;

struct agents_agent {
    struct tl_id id;
    enum role role;
    char name[WHO_NAME_MAX];
    char hash[192]; /**< Argon2id in PHC form; empty: may not sign in */
};

/**
 * Read both files.  A wrong one is a complaint "file:line: key: reason" in why and changes nothing.
 *
 * @param dir       Folder of the YAML files; conversation.yaml may be absent
 * @param passwords Lines "user:hash" that go before hashes in the YAML; NULL or empty: none
 * @return 0, -EINVAL, -ENOENT, -EACCES (others can read the passwords), -ENOMEM
 */
int agents_load(struct agents **ret, const char *dir, const char *passwords, struct tl_buf *why);
struct agents *agents_free(struct agents *a);

/** NULL if there is none. */
const struct agents_agent *agents_find(const struct agents *a, struct tl_str id);
const struct wire_choices *agents_choices(const struct agents *a);

#endif
