/**
 * @file tl_svc.h  The life of a service: start, ready, drain, stop.
 *
 * A main() reads like this:
 *
 *     const struct tl_setting settings[] = {...};
 *     struct tl_svc *svc = NULL;
 *     int rc = tl_svc_start(&svc, argc, argv, "acd", settings, TL_LEN(settings));
 *     if (!svc)
 *         return rc;           // --help, --health, or a wrong setting (exit 78)
 *     ... open adapters on tl_svc_loop(svc), add routes to tl_svc_http(svc) ...
 *     rc = tl_svc_run(svc);
 *
 * tl_svc_start() reads, besides the table: TL_<SVC>_PORT (/healthz, /readyz, /metrics and the
 * service's own routes), TL_<SVC>_ADDRESS, TL_NATS_URL, TL_<SVC>_NATS_USER,
 * TL_<SVC>_NATS_PASSWORD_FILE, TL_REDIS_URL, TL_<SVC>_REDIS_USER, TL_<SVC>_REDIS_PASSWORD_FILE,
 * TL_CONFIG_DIR, TL_LOG_LEVEL, TL_DRAIN_S.
 */
#ifndef TL_SVC_H
#define TL_SVC_H

#include <tl_bus.h>
#include <tl_conf.h>
#include <tl_http.h>
#include <tl_log.h>
#include <tl_loop.h>
#include <tl_metrics.h>
#include <tl_redis.h>

struct tl_svc;

/**
 * @param name Short name: "acd", "signaling"
 * @return 0 with *ret set; otherwise *ret is NULL and the value is the process's exit code (0 after
 * --help;
 *         --health: 0 or 1; 78 after a complaint on stderr)
 */
int tl_svc_start(struct tl_svc **ret, int argc, char **argv, const char *name,
                 const struct tl_setting *settings, size_t n);
/** Runs the loop until SIGTERM and its drain; returns the exit code and frees the service. */
int tl_svc_run(struct tl_svc *svc);
/** End as SIGTERM would, soon: for who finds that the process must begin anew.  Asking again, a
 * need's ok() at each look say, changes nothing. */
void tl_svc_leave(struct tl_svc *svc);
/** Something needed at start is wrong: says so on stderr and in the log, frees, returns 78. */
int tl_svc_refuse(struct tl_svc *svc, const char *why);

struct tl_loop *tl_svc_loop(struct tl_svc *svc);
struct tl_http *tl_svc_http(struct tl_svc *svc);
const char *tl_svc_config_dir(const struct tl_svc *svc);

/** Adapters with the service's settings; opened at the first call and closed by tl_svc_run().  They
 * are needed for readiness.  NULL when out of memory. */
struct tl_bus *tl_svc_bus(struct tl_svc *svc);
struct tl_redis *tl_svc_redis(struct tl_svc *svc);

/** One more thing without which /readyz says 503; name appears in its answer. */
int tl_svc_need(struct tl_svc *svc, const char *name, bool (*ok)(void *arg), void *arg);

/** At SIGTERM, after readiness is gone and no new connections come: steps run in the order they
 * were added; a step ends when it calls tl_svc_drained(svc).  All of them together get TL_DRAIN_S
 * (default 10). */
int tl_svc_on_drain(struct tl_svc *svc, tl_fn *fn, void *arg);
void tl_svc_drained(struct tl_svc *svc);
/** A step that ends when idle() says so; it is asked every 10 ms. */
int tl_svc_drain_until(struct tl_svc *svc, bool (*idle)(void *arg), void *arg);
/** Runs last, when the loop has stopped but before adapters close. */
int tl_svc_on_stop(struct tl_svc *svc, tl_fn *fn, void *arg);
/** SIGHUP: reload business rules. */
int tl_svc_on_reload(struct tl_svc *svc, tl_fn *fn, void *arg);

#endif
