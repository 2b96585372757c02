/* Settings from the environment.  A wrong one stops the start; all wrong ones are named at once. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tl_conf.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

/* A file of secrets is open to its owner and group only. */
static int secret_open(int *ret_fd, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int err = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        err = -errno;
    else if (!S_ISREG(st.st_mode))
        err = -EINVAL;
    else if (st.st_mode & S_IROTH)
        err = -EACCES;
    else if (st.st_size > SECRET_MAX)
        err = -EMSGSIZE;
    if (err)
        close(fd);
    else
        *ret_fd = fd;
    return err;
}

static int check_file(const struct tl_setting *s, const char *path, struct tl_buf *why)
{
    int fd;
    int err = secret_open(&fd, path);

    if (!err) {
        close(fd);
        return 0;
    }
    tl_buf_printf(why, "%s: cannot use %s: %s\n", s->name, path,
                  err == -EACCES     ? "unreadable, or others can read it (chmod o-r)"
                  : err == -EMSGSIZE ? "larger than 4 KiB"
                                     : strerror(-err));
    return -EINVAL;
}

static int load_number(const struct tl_setting *s, const char *text, struct tl_buf *why)
{
    int64_t n = s->value;
    int err = 0;

    if (text && *text)
        err = tl_str_int(tl_str(text), s->min, s->max, &n);
    if (err)
        tl_buf_printf(why, "%s: \"%.64s\" is not a whole number from %lld to %lld (%s)\n", s->name,
                      text, (long long)s->min, (long long)s->max, s->help);
    else
        *s->number = n;
    return err;
}

static int load_text(const struct tl_setting *s, const char *text, struct tl_buf *why)
{
    const char *value = text ? text : s->text_value ? s->text_value : "";

    if (!tl_utf8_ok(value, strlen(value))) {
        tl_buf_printf(why, "%s: not valid UTF-8\n", s->name);
        return -EINVAL;
    }
    *s->text = value;
    return *value && ends_with(s->name, "_FILE") ? check_file(s, value, why) : 0;
}

int tl_conf_load(const struct tl_setting *settings, size_t n, struct tl_buf *why)
{
    int first = 0;

    for (size_t i = 0; i < n; i++) {
        const struct tl_setting *s = &settings[i];
        const char *text = getenv(s->name);
        int err = s->number ? load_number(s, text, why) : load_text(s, text, why);

        if (err && !first)
            first = err;
    }
    return first;
}

void tl_conf_help(const struct tl_setting *settings, size_t n, struct tl_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct tl_setting *s = &settings[i];

        if (s->number)
            tl_buf_printf(out, "  %-34s %s (%lld to %lld; default %lld)\n", s->name, s->help,
                          (long long)s->min, (long long)s->max, (long long)s->value);
        else
            tl_buf_printf(out, "  %-34s %s (default \"%s\")\n", s->name, s->help,
                          s->text_value ? s->text_value : "");
    }
}

int tl_conf_secret(const char *path, struct tl_buf *ret)
{
    char text[SECRET_MAX];
    ssize_t got;
    size_t n = 0;
    int fd = -1;
    int err = secret_open(&fd, path);

    if (err)
        return err;
    got = read(fd, text, sizeof(text));
    err = got < 0 ? -errno : 0;
    close(fd);
    while (!err && n < (size_t)got && text[n] != '\n' && text[n] != '\r')
        n++;
    if (!err)
        err = tl_buf_add(ret, text, n);
    explicit_bzero(text, sizeof(text));
    return err;
}
