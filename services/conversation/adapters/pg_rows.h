/**
 * @file pg_rows.h  Rows of PostgreSQL to structs and back, driven by one table of columns.
 */
#ifndef CV_PG_ROWS_H
#define CV_PG_ROWS_H

#include "adapters/store.h"
#include <libpq-fe.h>
#include <tl_buf.h>

#define CV_COLUMNS_MAX 48

/** Parameters of one contact, as text. */
struct cv_row {
    int n;
    const char *params[CV_COLUMNS_MAX];
    char numbers[CV_COLUMNS_MAX][24];
    char lists[2][CV_LIST_MAX * (TL_ID_MAX + 2)];
};

/** "id, thread_id, ..." */
int cv_row_names(struct tl_buf *out);
/** "thread_id = $2, ..." without the first column, the id. */
int cv_row_sets(struct tl_buf *out);
/** "$1, $2, ..." */
int cv_row_marks(struct tl_buf *out);
int cv_row_columns(void);

void cv_row_from(struct cv_row *ret, const struct cv_contact *c);
/** Columns in the order of cv_row_names(), then version.  -EBADMSG: not what we wrote. */
int cv_row_to(struct cv_contact *ret, PGresult *res, int row);

/** Value of a column as text, cut to fit. */
void cv_row_text(PGresult *res, int row, int col, char *dst, size_t size);
int64_t cv_row_number(PGresult *res, int row, int col);

#endif
