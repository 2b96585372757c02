/* A whole service: a setting, a route, a need, and an end.  It stops itself after a moment. */
#include <signal.h>
#include <stdlib.h>
#include <tl_svc.h>

static struct tl_svc *svc;

static void on_hello(void *arg, struct tl_http_req *req)
{
    (void)arg;
    tl_http_reply(req, 200, "application/json", "{\"hello\":\"world\"}", 17);
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void say_goodbye(void *arg)
{
    (void)arg;
    tl_info("finished what was open");
    tl_svc_drained(svc);
}

static void end_of_the_example(void *arg)
{
    (void)arg;
    (void)raise(SIGTERM); /* what a supervisor does */
}

int main(int argc, char **argv)
{
    int64_t run_ms;
    const struct tl_setting settings[] = {
        TL_SET_NUM("TL_HELLO_RUN_MS", &run_ms, 50, 1, 60000, "ms until it stops by itself"),
    };
    const struct tl_route route = {.method = "GET", .path = "/v1/hello", .fn = on_hello};
    struct tl_timer *t = NULL;
    int rc = tl_svc_start(&svc, argc, argv, "hello", settings, TL_LEN(settings));

    if (!svc)
        return rc; /* --help, --health, or a wrong setting */
    if (tl_http_route(tl_svc_http(svc), &route) || tl_svc_need(svc, "luck", always, NULL) ||
        tl_svc_on_drain(svc, say_goodbye, NULL) ||
        tl_timer_new(&t, tl_svc_loop(svc), end_of_the_example, NULL))
        return tl_svc_refuse(svc, "out of memory");
    tl_timer_start(t, TL_MSEC(run_ms));
    return tl_svc_run(svc); /* frees the loop, and the timer with it */
}
