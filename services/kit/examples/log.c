/* One event, one line; one metric, one addition. */
#include <stdio.h>
#include <tl_log.h>
#include <tl_metrics.h>

int main(void)
{
    struct tl_buf out = TL_BUF(64 * 1024);

    tl_log_setup("acd", TL_INFO);
    tl_info("call offered", TL_S("call_id", "01J00000000000000000000000"), TL_I("waited_us", 1200));
    tl_metric_add(tl_counter("tl_acd_offers_total", "queue=\"sales\"", "Offers made."), 1);
    tl_metric_observe(tl_histogram("tl_acd_waited_seconds", NULL, "Time in line."), 0.0012);
    tl_bad_input("nats", "truncated"); /* and one rate-limited line beside it: */
    if (tl_log_allow("truncated"))
        tl_warn("bad input", TL_S("edge", "nats"), TL_S("class", "truncated"));
    if (tl_metrics_write(&out))
        return 1;
    fputs(out.p, stdout);
    tl_buf_done(&out);
    tl_metrics_reset();
    return 0;
}
