/**
 * @file typing.h  "The other side is typing": the frame that is sent most and matters least.
 *
 * Its one spelling, the one that our clients use, is read without a JSON parser; anything else is
 * left to the general way.  No allocation.
 */
#ifndef SIGNALING_TYPING_H
#define SIGNALING_TYPING_H

#include <tl_str.h>

#define TYPING_FRAME_MAX 160 /**< longest frame that typing_write() makes [bytes] */

struct typing {
    struct tl_str id;      /**< of the frame; 1 to 64 letters, digits and "-_"; empty: none */
    struct tl_str contact; /**< any 26 bytes: to be looked up, not to be believed */
    bool on;
};

/** True for {"id":"...","typing":{"contact_id":"...","on":true|false}} without spaces; the id may
 * be left out: then nobody waits for an answer. */
bool typing_read(struct typing *ret, struct tl_str json);
/** The push for the other side, as tl_pb_to_json() spells it; returns its length. */
size_t typing_write(char out[TYPING_FRAME_MAX], const struct typing *t);
/** The answer to the sender; returns its length. */
size_t typing_answer(char out[TYPING_FRAME_MAX], const struct typing *t);

#endif
