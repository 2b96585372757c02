/* Business rules: any text gives a tree or a complaint. */
#include <stdlib.h>
#include <tl_yaml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const struct tl_yaml_node *n, struct tl_buf *why)
{
    static const char *const keys[] = {"a", "b", NULL};
    const char *text;
    int64_t number;
    tl_dur dur;
    bool truth;

    (void)tl_yaml_known_keys(n, keys, why);
    for (size_t i = 0; i < tl_yaml_count(n); i++) {
        const char *key = tl_yaml_key(n, i);

        if (tl_yaml_is_map(n) && (!key || tl_yaml_get(n, key) != tl_yaml_item(n, i)))
            abort();
        if (key) {
            (void)tl_yaml_read_text(n, key, NULL, &text, why);
            if (tl_yaml_read_int(n, key, 0, -5, 5, &number, why) == 0 &&
                (number < -5 || number > 5))
                abort();
            (void)tl_yaml_read_bool(n, key, false, &truth, why);
            if (tl_yaml_read_dur(n, key, 0, 0, TL_SEC(9), &dur, why) == 0 && dur > TL_SEC(9))
                abort();
        }
        visit(tl_yaml_item(n, i), why);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tl_buf why = TL_BUF(64 * 1024);
    struct tl_yaml *y = NULL;
    int err = tl_yaml_parse(&y, (struct tl_str){(const char *)data, size}, "fuzz.yaml", &why);

    if (err == -EINVAL && !why.n)
        abort(); /* refused without a reason */
    if (!err)
        visit(tl_yaml_root(y), &why);
    tl_yaml_free(y);
    tl_buf_done(&why);
    return 0;
}
