/*
 * usage: run_json FOLDER     JSON vectors with their verdict in the name: y_ must be read, n_ must
 * be refused, i_ is up to us.  What the edge refuses on purpose although it is JSON (a repeated
 * key, a NUL, more than 32 levels, a number that is no double) is counted apart.  Ends with one
 * line of figures.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_pb.h>

#include "threadline/signaling/v1/client.pb-c.h"

/* By the reason that the edge gives. */
static bool on_purpose(struct tl_str why)
{
    static const char *const reasons[] = {"duplicate", "\\u0000", "deeper than 32", "overflow",
                                          "too big"};

    for (size_t i = 0; i < TL_LEN(reasons); i++)
        if (memmem(why.s, why.n, reasons[i], strlen(reasons[i])))
            return true;
    return false;
}

static struct tl_buf slurp(const char *folder, const char *name)
{
    struct tl_buf text = TL_BUF(1 << 24);
    char path[1024], chunk[4096];
    size_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "re");
    while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        tl_buf_add(&text, chunk, n);
    if (f)
        fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    int read = 0, refused = 0, strict = 0, free_choice = 0, wrong = 0;
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *d;

    if (!dir) {
        fprintf(stderr, "usage: run_json FOLDER\n");
        return 2;
    }
    while ((d = readdir(dir))) {
        struct tl_buf text, why = TL_BUF(4096);
        ProtobufCMessage *m = NULL;
        bool json;

        if (!strstr(d->d_name, ".json"))
            continue;
        text = slurp(argv[1], d->d_name);
        json = tl_pb_from_json(&threadline__signaling__v1__client_message__descriptor,
                               tl_buf_str(&text), &m, &why) != -EBADMSG;
        if (d->d_name[0] == 'i')
            free_choice++;
        else if (d->d_name[0] == 'y' && json)
            read++;
        else if (d->d_name[0] == 'n' && !json)
            refused++;
        else if (d->d_name[0] == 'y' && on_purpose(tl_buf_str(&why)))
            strict++;
        else
            printf("wrong: %s: %s\n", d->d_name, (wrong++, json ? "read" : tl_buf_str(&why).s));
        tl_pb_free(m);
        tl_buf_done(&text);
        tl_buf_done(&why);
    }
    closedir(dir);
    printf("json: read=%d refused=%d stricter_on_purpose=%d up_to_us=%d wrong=%d\n", read, refused,
           strict, free_choice, wrong);
    return wrong != 0;
}
