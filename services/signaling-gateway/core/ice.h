/**
 * @file ice.h  The STUN servers that browsers are told of (RFC 7064): a list from the settings.
 * TURN is refused: a browser wants a user name and a password with it, and Welcome carries neither.
 */
#ifndef SIGNALING_ICE_H
#define SIGNALING_ICE_H

#include <stddef.h>

enum { ICE_SERVERS_MAX = 8, ICE_URL_MAX = 200 };

struct ice_servers {
    const char *at[ICE_SERVERS_MAX]; /**< into url */
    size_t n;
    char url[ICE_SERVERS_MAX][ICE_URL_MAX];
};

/**
 * Read "stun:a:3478,stuns:b", spaces and empty parts are allowed.
 *
 * @param ret  Changed on success only; it may not be moved afterwards
 * @return 0, or -EINVAL: too many, too long, or not stun: or stuns:
 */
int ice_servers_read(struct ice_servers *ret, const char *text);

#endif
