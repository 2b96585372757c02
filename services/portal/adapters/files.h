/**
 * @file files.h  The built web folder, read whole at start: a few megabytes that never block the
 * loop, and no request ever names a file of the disk.
 */
#ifndef PORTAL_FILES_H
#define PORTAL_FILES_H

#include <tl_str.h>

struct portal_files;

struct portal_file {
    const char *name;   /**< relative to the root: "shop/index.html" */
    struct tl_str body; /**< as it is */
    struct tl_str gzip; /**< the same packed, from the file beside it; n 0: there is none */
    char etag[24];      /**< with its quotes; changes when the body does */
};

#define PORTAL_FILES_MAX 4000               /**< files in the folder */
#define PORTAL_BYTES_MAX (64 * 1024 * 1024) /**< all of them together */

/**
 * Reads the folder.  Hidden files, links and what is neither file nor folder are left out.
 * @return 0; -ENOENT: no such folder; -ENODATA: it has no index.html, so it was not built; -EFBIG,
 *         -EMFILE: over the limits above; -ENOMEM; another negative errno of the disk
 */
int portal_files_load(struct portal_files **ret, const char *root);
struct portal_files *portal_files_free(struct portal_files *f);

/** NULL if there is none; borrowed from f. */
const struct portal_file *portal_files_get(const struct portal_files *f, const char *name);
size_t portal_files_count(const struct portal_files *f);

#endif
