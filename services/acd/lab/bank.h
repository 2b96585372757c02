/**
 * @file bank.h  One day of a bank's call log as a record: the public log of 1999 that Guedj and
 * Mandelbaum described, a line for each call, columns parted by tabs.
 *
 * Each call type is a queue of its name; priority 2 of the log is priority 1, 0 and 1 are 0.  A
 * call comes when it enters the queue, or leaves the IVR where it did not have to wait.  Left out:
 * phantom calls, calls that hung up without having queued, and the few answered by nobody named.
 * Each named server is an agent who serves the types served that day, there from the first call to
 * the last; where nothing was served for BANK_BREAK the server was away.
 */
#ifndef ACD_BANK_H
#define ACD_BANK_H

#include "record.h"

#define BANK_BREAK TL_MIN(15)

struct bank_day {
    struct record *record;
    struct tl_buf rules; /**< YAML for policy_parse(), choose_contact: priority */
    uint64_t lines, left_out;
};

/** The days of a log, at most `most`, in its order: "990201".  Their number, or negative
 *  errno with "name:line: reason" in why. */
int bank_dates(char (*ret)[8], int most, struct tl_str text, const char *name, struct tl_buf *why);
/** 0, -EINVAL with "name:line: reason" in why, -ENOMEM.  bank_done() in any case. */
int bank_load(struct bank_day *ret, struct tl_str text, const char *name, const char *date,
              struct tl_buf *why);
void bank_done(struct bank_day *d);

#endif
