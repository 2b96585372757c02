/**
 * @file record.h  A recorded day: the ACD's events read back into customers and shifts.
 *
 * Two file formats, told apart by the first byte:
 *     lines of `tl tail --json --service acd`:    {"service":"acd","type":"...","event":{...}}
 *     length-delimited AcdEvent protobuf, each after its length as 4 bytes, highest first:
 *         kcat -C -b BROKER -t threadline.acd.v1 -o beginning -e -f '%R%s'
 * Order does not matter, nor do repeats.  Other services' lines are passed over.
 *
 * What the record says of a customer: when it came, to which queue, with which needs; for who was
 * answered the ringing, talk and wrap-up of the last conversation; for who hung up the patience.
 * What it cannot say is drawn (record_lives()): see there.
 */
#ifndef ACD_RECORD_H
#define ACD_RECORD_H

#include "crowd.h"
#include <tl_buf.h>

enum record_end {
    RECORD_WAITS, /**< the record ends before the wait does */
    RECORD_ANSWERED,
    RECORD_ABANDONED, /**< by the customer's will */
    RECORD_FLOWED_OUT
};

struct record_contact {
    struct tl_id id;
    tl_time at; /**< enqueued; 0: the record begins later, the contact is left out */
    uint32_t queue, skills[ACD_NEEDS_MAX];
    uint8_t n_skills;
    uint8_t end;     /**< enum record_end */
    uint8_t channel; /**< enum acd_channel */
    bool released;   /**< talk is known */
    int32_t priority;
    tl_dur wait; /**< until answered or gone; of who still waits: until the record's end */
    tl_dur rang, talk, wrap_up;
    tl_dur patience; /**< set by record_lives() */
};

struct record_presence {
    tl_time at;
    uint64_t seq;
    uint32_t agent;
    uint8_t now, before; /**< enum acd_presence, 0: unknown */
};

struct record {
    struct record_contact *contacts;  /**< by time once loaded */
    struct record_presence *presence; /**< by time */
    struct tl_id *names;              /**< of queues, skills, agents */
    size_t n_contacts, n_presence, n_names;
    uint64_t events, left_out; /**< read; contacts that came before the record begins */
    uint64_t junk;             /**< messages that were no events of the ACD */
    tl_time first, last;
};

/**
 * @param path file, or "-" for stdin
 * @return 0, negative errno with "path:line: reason" (lines) or "path: message n: reason" in why.
 *         Free with record_free().
 */
int record_load(struct record **ret, const char *path, struct tl_buf *why);
struct record *record_free(struct record *r);

/**
 * Completes the lives by seed, the same for every rules they are then sent through:
 * - patience of who hung up is the wait; of all others it is only known to be longer (censored):
 *   drawn from the Kaplan-Meier estimate of their queue beyond the wait they had, endless where the
 *   estimate ends
 * - ringing, talk and wrap-up of who was not answered are those of a random answered one of the
 *   same queue, 3 s, 180 s and none where nobody was; so are talk and wrap-up of who still talked
 *   when the record ended
 * 0 or -ENOMEM.
 */
int record_lives(struct record *r, uint64_t seed);

#endif
