/**
 * @file plane.h  The media plane: sockets around the forwarding table, and the commands to it.
 *
 * The plane is a process of its own so that its ports outlive the control (Janus hangs up every leg
 * whose port is refused).  It knows nothing of contacts: the control names the legs, says what each
 * one hears, and leaves labels on them from which its successor learns what was going on.
 *
 * Protocol, version 1: a Unix SOCK_SEQPACKET; one datagram is one message of words separated by one
 * space.  The first word is the client's tag and comes back in the answer, before "ok" and what is
 * named after the arrow, or before "err <errno> <why...>".
 *
 *   hello 1                      -> <boot> <note...>
 *   note <text...>               -> one text for the plane as a whole
 *   open <key>                   -> <port>: RTP on it, RTCP on the next one
 *   peer <key> <port> <opus> <pcmu> <dtmf> <dtmf> <level>
 *                                -> <port>; payload types, 255: none; level 0: none
 *   unpeer <key>                 -> the far end is gone
 *   hear <key> silence | sound:<name> | leg:<key>
 *                                   a sound that is not there: music or silence, and err
 *   play <key> <name> [<name>]   -> once, before what it hears
 *   label <key> <text...>
 *   close <key>
 *   list <from>                  -> leg <slot> <key> <port> <peer> <hears> <label...>:
 *                                   the first leg at or after a slot; "ok": no more
 *   stats [<from>]               -> a line for each leg: <key> <packets> <lost> <jitter_us>
 *                                   <idle_ms> <talking> <level> <sent> <dropped> <dtmf>;
 *                                   idle_ms -1: nothing came yet.  At the end "more <slot>": there
 *                                   was no room for the others, ask from there on
 *   faults                       -> <short> <long> <version> <rtcp> <overflow> <not sent>
 */
#ifndef MEDIA_PLANE_H
#define MEDIA_PLANE_H

#include "core/table.h"

#include <tl_buf.h>
#include <tl_id.h>

enum { PLANE_VERSION = 1, PLANE_MESSAGE = 64 * 1024 };

/** The sockets of one leg. */
struct plane_port {
    int rtp_fd, rtcp_fd; /* -1: none */
    uint16_t number;
};

struct plane {
    struct table table;
    struct plane_port *ports; /* one for each slot of the table */
    uint16_t first, last;     /* port range */
    uint16_t next;            /* where the search for a free pair goes on */
    struct tl_id boot;
    char note[TABLE_LABEL];
    int (*watch)(void *arg, int slot, const struct plane_port *port); /* the loop's part */
    void *arg;
    uint64_t send_errors;
};

/** first to last: even first.  The range gives (last - first + 1) / 2 legs.  0 or negative errno.
 */
int plane_init(struct plane *p, uint16_t first, uint16_t last);
void plane_done(struct plane *p);

/** Load every *.opus of a folder; what cannot be used is named on stderr.  Number loaded or errno.
 */
int plane_load_sounds(struct plane *p, const char *folder);

/** Carry out one message; the answer is written to out (at most PLANE_MESSAGE bytes). */
void plane_command(struct plane *p, struct tl_str message, int64_t now_us, struct tl_buf *out);

/** Sockets (ports.c). */
int plane_port_open(struct plane *p, int slot);
void plane_port_close(struct plane *p, int slot);
int plane_port_connect(struct plane *p, int slot, uint16_t peer);
void plane_port_disconnect(struct plane *p, int slot);
void plane_port_read(struct plane *p, int slot, int64_t now_us);
void plane_rtcp_read(struct plane *p, int slot);
void plane_port_send(void *arg, int slot, const uint8_t *data, size_t n);

#endif
