/**
 * @file pg_rows.h  Rows of PostgreSQL to structs and back, driven by one table of columns.
 */
#ifndef CONVERSATION_PG_ROWS_H
#define CONVERSATION_PG_ROWS_H

#include "adapters/store.h"
#include <libpq-fe.h>
#include <tl_buf.h>

#define PG_ROW_COLUMNS_MAX 52

/** Parameters of one contact, as text. */
struct pg_row {
    int n;
    const char *params[PG_ROW_COLUMNS_MAX];
    char numbers[PG_ROW_COLUMNS_MAX][24];
    char lists[2][CONTACT_LIST_MAX * (TL_ID_MAX + 2)];
};

/** "id, thread_id, ..." */
int pg_row_names(struct tl_buf *out);
/** "thread_id = $2, ..." without the first column, the id. */
int pg_row_sets(struct tl_buf *out);
/** "$1, $2, ..." */
int pg_row_marks(struct tl_buf *out);
int pg_row_columns(void);

void pg_row_from(struct pg_row *ret, const struct contact *c);
/** Columns in the order of pg_row_names(), then version.  -EBADMSG: not what we wrote. */
int pg_row_to(struct contact *ret, PGresult *res, int row);

/** Value of a column as text, cut to fit. */
void pg_row_text(PGresult *res, int row, int col, char *dst, size_t size);
int64_t pg_row_number(PGresult *res, int row, int col);

#endif
