/* Business rules: read with bounds, complain with file and line. */
#include <stdio.h>
#include <tl_yaml.h>

static const char good[] = "queues:\n"
                           "  sales:\n"
                           "    offer_timeout: 20s\n"
                           "    max_waiting: 50\n";
static const char bad[] = "queues:\n"
                          "  sales:\n"
                          "    offer_timeout: soon\n"
                          "    max_wating: 50\n";

static int read_queue(const struct tl_yaml_node *q, const char *name, struct tl_buf *why)
{
    static const char *const keys[] = {"offer_timeout", "max_waiting", NULL};
    int64_t most = 0;
    tl_dur timeout = 0;
    int err = tl_yaml_known_keys(q, keys, why);

    /* Go on after a complaint: people like to hear all of them at once. */
    err |= tl_yaml_read_dur(q, "offer_timeout", TL_SEC(20), TL_SEC(1), TL_MIN(2), &timeout, why);
    err |= tl_yaml_read_int(q, "max_waiting", 100, 1, 10000, &most, why);
    if (!err)
        printf("%s: %lld waiting, %lld ms to accept\n", name, (long long)most,
               (long long)(timeout / TL_MSEC(1)));
    return err ? -EINVAL : 0;
}

static int read_rules(const char *text, size_t n, struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    const struct tl_yaml_node *queues;
    int err = tl_yaml_parse(&y, (struct tl_str){text, n}, "rules.yaml", why);

    if (err)
        return err;
    queues = tl_yaml_get(tl_yaml_root(y), "queues");
    for (size_t i = 0; i < tl_yaml_count(queues); i++)
        err |= read_queue(tl_yaml_item(queues, i), tl_yaml_key(queues, i), why);
    printf("version %s\n", tl_yaml_hash(y));
    tl_yaml_free(y);
    return err ? -EINVAL : 0;
}

int main(void)
{
    struct tl_buf why = TL_BUF(4096);
    int rc = 0;

    if (read_rules(good, sizeof(good) - 1, &why))
        rc = 1;
    if (read_rules(bad, sizeof(bad) - 1, &why) != -EINVAL)
        rc = 1;
    printf("%s", why.p ? why.p : "");
    tl_buf_done(&why);
    return rc;
}
