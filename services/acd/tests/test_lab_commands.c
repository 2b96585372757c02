/* tl simulate and tl replay as somebody at a terminal meets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <lab/lab.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_base.h>
#include <unistd.h>

static struct {
    int code;
    char out[65536], err[4096];
} said;

static int divert(int fd, int *ret_old)
{
    char path[] = "/tmp/lab-said-XXXXXX";
    int file = mkstemp(path);

    assert_true(file >= 0);
    (void)unlink(path);
    *ret_old = dup(fd);
    assert_int_equal(dup2(file, fd), fd);
    return file;
}

static void restore(int fd, int old, int file, char *text, size_t size)
{
    ssize_t n;

    (void)dup2(old, fd);
    (void)close(old);
    n = pread(file, text, size - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    (void)close(file);
}

/* The words of a line, parted by single spaces. */
static void tl(const char *line)
{
    char copy[1024], *argv[32], *word;
    int argc = 0, out, err, old_out, old_err;

    (void)snprintf(copy, sizeof(copy), "%s", line);
    for (word = strtok(copy, " "); word && argc < 31; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    (void)fflush(stdout);
    out = divert(STDOUT_FILENO, &old_out);
    err = divert(STDERR_FILENO, &old_err);
    said.code =
        strcmp(argv[0], "replay") == 0 ? acd_lab_replay(argc, argv) : acd_lab_simulate(argc, argv);
    (void)fflush(stdout);
    (void)fflush(stderr);
    restore(STDOUT_FILENO, old_out, out, said.out, sizeof(said.out));
    restore(STDERR_FILENO, old_err, err, said.err, sizeof(said.err));
}

static void says(const char *line, int code, const char *out, const char *err)
{
    tl(line);
    if (said.code != code || !strstr(said.out, out) || !strstr(said.err, err))
        fail_msg("%s: code %d\nout: %.300s\nerr: %s", line, said.code, said.out, said.err);
}

static void help_is_given_where_it_is_asked_for(void **state)
{
    (void)state;
    says("simulate --help", 0, "usage: tl simulate", "");
    says("replay -h", 0, "usage: tl replay", "");
}

static void mistakes_say_what_to_do(void **state)
{
    (void)state;
    says("simulate", 2, "", "give --scenario FILE, or --per-hour N and --agents N");
    says("simulate --per-hour 5", 2, "", "give --scenario FILE");
    says("simulate --per-hour", 2, "", "--per-hour: needs a value");
    says("simulate --per-hour none --agents 2", 2, "", "must be a number from 1 to 10000000");
    says("simulate --per-hour 9 --agents 2 --talk 5", 2, "", "must be a length of time like 90s");
    says("simulate --per-hour 9 --agents 2 --json=1", 2, "", "takes no value");
    says("simulate --per-hour 9 --agents 2 --policy x", 2, "", "--policy goes with --scenario");
    says("simulate --scenario x --agents 2", 2, "", "leave --per-hour, --agents");
    says("simulate --fast", 2, "", "--fast: no such option; `tl simulate --help`");
    says("simulate --scenario /nowhere.yaml", 1, "", "/nowhere.yaml:");
    says("replay", 2, "", "--events FILE is missing");
    says("replay --events x", 2, "", "--policy FILE is missing");
    says("replay --events x --policy /nowhere.yaml", 1, "", "/nowhere.yaml:");
}

static void one_queue_is_told_beside_its_theory(void **state)
{
    (void)state;
    says("simulate --per-hour 200 --agents 13 --calls 5000 --seed=3", 0, "Erlang C: P(wait) 28.5 %",
         "");
    says("simulate --per-hour 200 --agents 13 --calls 5000 --patience 5m", 0, "Erlang A:", "");
    says("simulate --per-hour 900 --agents 13 --for 1h", 0, "more load than agents", "");
    says("simulate --per-hour 200 --agents 13 --calls 5000 --json", 0, "\"offered\":5000", "");
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static void a_day_is_replayed_before_and_after(void **state)
{
    static const char rules[] =
        "queues: [{name: q, wrap_up: 0s}]\nagents: [{id: a, queues: [q]}]\n";
    static const char day[] =
        "{\"service\":\"acd\",\"type\":\"agent_state_changed\",\"event\":{\"meta\":{"
        "\"occurred_at_us\":1000000},\"agent_state_changed\":{\"agent_id\":\"a\",\"presence\":"
        "\"AGENT_PRESENCE_READY\",\"previous\":\"AGENT_PRESENCE_OFFLINE\"}}}\n"
        "{\"service\":\"acd\",\"type\":\"contact_queued\",\"event\":{\"meta\":{\"occurred_at_us\":"
        "2000000,\"contact_id\":\"c\"},\"contact_queued\":{\"queue\":\"q\"}}}\n";
    char rules_path[] = "/tmp/lab-rules-XXXXXX", day_path[] = "/tmp/lab-day-XXXXXX", line[256];

    (void)state;
    write_file(rules_path, rules);
    write_file(day_path, day);
    (void)snprintf(line, sizeof(line), "replay --events %s --policy %s --baseline %s", day_path,
                   rules_path, rules_path);
    tl(line);
    assert_int_equal(said.code, 0);
    assert_non_null(strstr(said.out, "q recorded"));
    assert_non_null(strstr(said.out, "q before"));
    assert_non_null(strstr(said.out, "total after"));
    (void)snprintf(line, sizeof(line), "replay --events %s --policy %s --json", day_path,
                   rules_path);
    says(line, 0, "{\"day\":\"after\",\"numbers\":{\"queue\":\"q\",\"offered\":1,\"answered\":1",
         "");
    (void)unlink(rules_path);
    (void)unlink(day_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_given_where_it_is_asked_for),
        cmocka_unit_test(mistakes_say_what_to_do),
        cmocka_unit_test(one_queue_is_told_beside_its_theory),
        cmocka_unit_test(a_day_is_replayed_before_and_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
