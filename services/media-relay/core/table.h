/**
 * @file table.h  The forwarding table: which leg hears what.  Packets in, packets out, no sockets.
 *
 * A leg hears another leg, a sound (looped), or silence; announcements go before a sound.  Whatever
 * it hears is one stream (splice.h).  A leg whose source pauses (a reloading tab, a dead network)
 * hears silence frames after FILL_US, so its browser never sees the stream stop.
 *
 * One thread.  Times are monotonic microseconds.  Legs live in slots that never move.
 */
#ifndef MEDIA_CORE_TABLE_H
#define MEDIA_CORE_TABLE_H

#include "core/ogg.h"
#include "core/rtp.h"
#include "core/rx.h"
#include "core/splice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TABLE_KEY = 96,     /* room for a leg's name and its 0 */
    TABLE_LABEL = 2048, /* room for the control's text on a leg and its 0 */
    TABLE_SOUNDS = 64,
    TABLE_PLAYLIST = 8,
    FILL_US = 200000, /* a pause longer than this is filled with silence */
};

/** How the far end of a leg numbers its payloads; 255: it has no such thing. */
struct leg_format {
    uint8_t opus_pt;
    uint8_t pcmu_pt;
    uint8_t dtmf_pt[2];
    uint8_t level_id; /* header extension with the loudness; 0: none */
};

enum hear_kind { HEAR_SILENCE, HEAR_SOUND, HEAR_LEG };

struct hear {
    enum hear_kind kind;
    int index; /* of the sound or the leg */
};

struct table_leg {
    bool used;
    char key[TABLE_KEY];
    char label[TABLE_LABEL]; /* the control's notes; the table never reads them */
    bool has_peer;           /* format is known: packets flow */
    struct leg_format format;
    uint32_t ssrc; /* of everything this leg is sent */

    struct hear hear;
    int first_listener;           /* who hears this leg, as a list; -1: nobody */
    int next_listener;            /* where this leg stands in the list of the one that it hears */
    int playlist[TABLE_PLAYLIST]; /* announcements still to come */
    int playlist_n;
    size_t frame;       /* next frame of the running sound */
    uint32_t own_count; /* frames made here: numbers of the source stream */

    struct splice out;
    int64_t heard_us; /* last packet from the leg that it hears */
    uint64_t sent;
    struct rx in;
    uint64_t dropped; /* datagrams refused: bad, flooding, unknown payload type, too old */
    uint64_t dtmf;    /* telephone-event packets taken out */
};

/** Called for each packet to send; data is valid until it returns. */
typedef void table_send_fn(void *arg, int leg, const uint8_t *data, size_t n);

struct table_sound {
    char name[64];
    struct ogg_sound sound;
};

struct table {
    struct table_leg *legs;
    int cap;
    int used;
    struct table_sound sounds[TABLE_SOUNDS];
    int sounds_n;
    uint64_t faults[RTP_FAULTS]; /* refused datagrams by reason */
    table_send_fn *send;
    void *arg;
};

/** @return 0 or -ENOMEM */
int table_init(struct table *t, int max_legs, table_send_fn *send, void *arg);
void table_done(struct table *t);

/** Take over a sound.  @return 0, -ENOSPC, -EEXIST, -EINVAL (name) */
int table_add_sound(struct table *t, const char *name, struct ogg_sound *sound);
int table_find_sound(const struct table *t, const char *name); /**< index or -ENOENT */
int table_find_leg(const struct table *t, const char *key);    /**< index or -ENOENT */

/**
 * A new leg, hearing silence and without a peer.
 *
 * @param random  Where the outgoing stream starts (RFC 3550 5.1): SSRC, sequence and time stamp
 * @return its index, or -ENOSPC, -EEXIST, -EINVAL (key)
 */
int table_open(struct table *t, const char *key, const uint32_t random[3]);

/** End it; whoever heard it hears silence. */
void table_close(struct table *t, int leg);

/** The far end of a leg is known, or is another one now.  Its outgoing stream simply goes on. */
void table_set_peer(struct table *t, int leg, const struct leg_format *format);

/** The far end is gone; the leg stays. */
void table_drop_peer(struct table *t, int leg);

/** Switch what a leg hears.  Hearing a leg drops announcements that have not been played. */
void table_hear(struct table *t, int leg, struct hear what);

/** Play sounds once, one after the other, before going on with what the leg hears. */
void table_play(struct table *t, int leg, const int *sounds, int n);

/**
 * A datagram from a leg's far end.
 *
 * @param data  At least RTP_MAX bytes of storage; used as work space, changed on return
 */
void table_packet(struct table *t, int leg, uint8_t *data, size_t n, int64_t now_us);

/** Another 20 ms are over: sounds and silence go out. */
void table_tick(struct table *t, int64_t now_us);

#endif
