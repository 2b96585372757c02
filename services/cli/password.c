/* tl hash-password: a line for the file of TL_SIGNALING_PASSWORDS_FILE or agents.yaml. */
#include <stdio.h>
#include <string.h>
#include <tl_token.h>
#include <unistd.h>

#include "cli.h"

int cli_hash_password(int argc, char **argv)
{
    char password[1024], hash[128];

    TL_UNUSED(argc);
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "password (it is shown as you type): ");
    if (!fgets(password, sizeof(password), stdin))
        return cli_fail(argv[0], "nothing on stdin");
    password[strcspn(password, "\r\n")] = '\0';
    if (!password[0])
        return cli_fail(argv[0], "the password is empty");
    if (tl_password_hash(hash, tl_str(password)))
        return cli_fail(argv[0], "out of memory: hashing needs 64 MiB");
    explicit_bzero(password, sizeof(password));
    puts(hash);
    return 0;
}
