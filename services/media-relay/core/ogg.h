/**
 * @file ogg.h  Reads an Ogg Opus file into the 20 ms frames that the plane sends as they are.
 *
 * Source: RFC 3533 (Ogg), RFC 7845 (Ogg Opus), RFC 6716 section 3.1 (the TOC byte).
 */
#ifndef MEDIA_CORE_OGG_H
#define MEDIA_CORE_OGG_H

#include <stddef.h>
#include <stdint.h>

/** One encoded frame, inside the caller's copy of the file or in `store`. */
struct ogg_frame {
    uint32_t at; /* offset in store */
    uint16_t len;
};

/** The audio of one file; free with ogg_done(). */
struct ogg_sound {
    uint8_t *store;
    struct ogg_frame *frames;
    size_t n;
};

/**
 * Read a whole file.
 *
 * @param ret_why  On -EBADMSG: what is wrong, in a few words
 * @return 0; -EBADMSG: not Ogg Opus, damaged, more than one stream, or not in single 20 ms frames
 *         (they would play at the wrong speed); -ENOMEM
 */
int ogg_read(struct ogg_sound *ret_sound, const uint8_t *data, size_t n, const char **ret_why);

void ogg_done(struct ogg_sound *sound);

#endif
