/**
 * @file textfile.h  A whole file in memory, with a bound; paths beside another file.
 */
#ifndef ACD_TEXTFILE_H
#define ACD_TEXTFILE_H

#include <tl_buf.h>

/** Appends the file to out (whose max bounds it).  0, or negative errno with "path: reason" in
 * why. */
int textfile_read(struct tl_buf *out, const char *path, struct tl_buf *why);
/** path as seen from the folder of `from`, unless it is absolute: 0 or -ENOMEM. */
int textfile_beside(struct tl_buf *out, const char *from, const char *path);

#endif
