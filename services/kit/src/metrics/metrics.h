/**
 * @file metrics.h  What the kit alone may tell the metrics.
 */
#ifndef TL_METRICS_INSIDE_H
#define TL_METRICS_INSIDE_H

/** The short name of the service, for tl_<svc>_bad_input_total. */
void metrics_service(const char *service);
/** "tl_<svc>_<suffix>" */
void metrics_name(char out[96], const char *suffix);

#endif
