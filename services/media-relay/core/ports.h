/**
 * @file ports.h  "22000-22999": the UDP ports of the plane, two for each leg.
 */
#ifndef MEDIA_CORE_PORTS_H
#define MEDIA_CORE_PORTS_H

#include <stdint.h>

/** 0, or -EINVAL: not two ports from 1024 on, the first one even and below the last. */
int ports_parse(const char *text, uint16_t *ret_first, uint16_t *ret_last);

#endif
