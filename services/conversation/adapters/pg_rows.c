#include "adapters/pg_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { TEXT, INT, INT64, BOOL, PHASE, LIST };

#define AT(member) offsetof(struct contact, member), sizeof(((struct contact *)0)->member)

/** The first column is the key. */
static const struct column {
    const char *name;
    enum kind kind;
    size_t at, size;
} columns[] = {
    {"id", TEXT, AT(id)},
    {"thread_id", TEXT, AT(thread)},
    {"request_id", TEXT, AT(request)},
    {"channel", INT, AT(channel)},
    {"phase", PHASE, AT(phase)},
    {"outcome", INT, AT(outcome)},
    {"owed", INT, AT(owed)},
    {"session_id", TEXT, AT(session)},
    {"visitor_id", TEXT, AT(visitor)},
    {"customer_id", TEXT, AT(customer)},
    {"visit_id", TEXT, AT(visit)},
    {"invitation_id", TEXT, AT(invitation)},
    {"customer_name", TEXT, AT(name)},
    {"tier", TEXT, AT(tier)},
    {"section", TEXT, AT(section)},
    {"page_url", TEXT, AT(page_url)},
    {"media", TEXT, AT(media)},
    {"queue", TEXT, AT(route.queue)},
    {"skills", LIST, AT(route.skills)},
    {"announcements", LIST, AT(route.announcements)},
    {"music", TEXT, AT(route.music)},
    {"priority", INT, AT(route.priority)},
    {"flow", TEXT, AT(route.flow)},
    {"attempt", INT, AT(attempt)},
    {"agent_id", TEXT, AT(agent)},
    {"agent_name", TEXT, AT(agent_name)},
    {"offer_id", TEXT, AT(offer)},
    {"epoch", INT64, AT(epoch)},
    {"acd_seq", INT64, AT(acd_seq)},
    {"farewell", TEXT, AT(farewell)},
    {"cobrowse_consent", BOOL, AT(cobrowse_consent)},
    {"cobrowse_active", BOOL, AT(cobrowse_active)},
    {"requested_at", INT64, AT(requested_at)},
    {"enqueued_at", INT64, AT(enqueued_at)},
    {"since", INT64, AT(since)},
    {"ring_ends_at", INT64, AT(ring_ends_at)},
    {"wrap_up_ends_at", INT64, AT(wrap_up_ends_at)},
    {"connected_at", INT64, AT(connected_at)},
    {"held_at", INT64, AT(held_at)},
    {"ended_at", INT64, AT(ended_at)},
    {"unanswered_at", INT64, AT(unanswered_at)},
    {"idle_asked", BOOL, AT(idle_asked)},
    {"resulted", BOOL, AT(resulted)},
    {"waited", INT64, AT(waited)},
    {"talked", INT64, AT(talked)},
    {"held", INT64, AT(held)},
};

_Static_assert(sizeof(enum contact_channel) == sizeof(int), "enums are stored as int");
_Static_assert(sizeof columns / sizeof columns[0] + 4 <= PG_ROW_COLUMNS_MAX, "room for parameters");

int pg_row_columns(void)
{
    return (int)TL_LEN(columns);
}

int pg_row_names(struct tl_buf *out)
{
    for (size_t i = 0; i < TL_LEN(columns); i++)
        tl_buf_printf(out, "%s%s", i ? ", " : "", columns[i].name);
    return out->err;
}

int pg_row_sets(struct tl_buf *out)
{
    for (size_t i = 1; i < TL_LEN(columns); i++)
        tl_buf_printf(out, "%s%s = $%zu", i > 1 ? ", " : "", columns[i].name, i + 1);
    return out->err;
}

int pg_row_marks(struct tl_buf *out)
{
    for (size_t i = 0; i < TL_LEN(columns); i++)
        tl_buf_printf(out, "%s$%zu", i ? ", " : "", i + 1);
    return out->err;
}

static void list_text(char *dst, size_t size, const struct contact_list *l)
{
    size_t n = 0;

    dst[0] = '\0';
    for (int i = 0; i < l->n; i++)
        n += (size_t)snprintf(dst + n, size - n, "%s%s", i ? "," : "", l->at[i].s);
}

void pg_row_from(struct pg_row *ret, const struct contact *c)
{
    int lists = 0;

    ret->n = (int)TL_LEN(columns);
    for (int i = 0; i < ret->n; i++) {
        const struct column *col = &columns[i];
        const char *p = (const char *)c + col->at;
        char *number = ret->numbers[i];
        int64_t wide;
        int narrow;

        ret->params[i] = number;
        switch (col->kind) {
        case TEXT: ret->params[i] = p; break;
        case INT:
            memcpy(&narrow, p, sizeof narrow);
            (void)snprintf(number, sizeof ret->numbers[i], "%d", narrow);
            break;
        case INT64:
            memcpy(&wide, p, sizeof wide);
            (void)snprintf(number, sizeof ret->numbers[i], "%" PRId64, wide);
            break;
        case BOOL: ret->params[i] = *(const bool *)p ? "t" : "f"; break;
        case PHASE: ret->params[i] = contact_phase_name(c->phase); break;
        case LIST:
            list_text(ret->lists[lists], sizeof ret->lists[lists], (const struct contact_list *)p);
            ret->params[i] = ret->lists[lists++];
            break;
        }
    }
}

void pg_row_text(PGresult *res, int row, int col, char *dst, size_t size)
{
    (void)tl_str_put(dst, size, tl_str(PQgetvalue(res, row, col)));
}

int64_t pg_row_number(PGresult *res, int row, int col)
{
    return strtoll(PQgetvalue(res, row, col), NULL, 10);
}

static int list_parse(struct contact_list *ret, const char *text)
{
    struct tl_str rest = tl_str(text), part;

    while (tl_str_split(&rest, ',', &part)) {
        if (ret->n == CONTACT_LIST_MAX || tl_id_parse(&ret->at[ret->n], part))
            return -EBADMSG;
        ret->n++;
    }
    return 0;
}

static int take(const struct column *col, char *p, const char *text)
{
    int64_t wide;
    int narrow;

    switch (col->kind) {
    case TEXT: return tl_str_put(p, col->size, tl_str(text)) ? 0 : -EBADMSG;
    case INT:
        narrow = (int)strtol(text, NULL, 10);
        memcpy(p, &narrow, sizeof narrow);
        return 0;
    case INT64:
        wide = strtoll(text, NULL, 10);
        memcpy(p, &wide, sizeof wide);
        return 0;
    case BOOL: *(bool *)p = text[0] == 't'; return 0;
    case PHASE: return contact_phase_parse(text, (enum contact_phase *)(void *)p) ? -EBADMSG : 0;
    case LIST: return list_parse((struct contact_list *)(void *)p, text);
    }
    return -EBADMSG;
}

int pg_row_to(struct contact *ret, PGresult *res, int row)
{
    int err = 0;

    *ret = (struct contact){0};
    if (PQnfields(res) < (int)TL_LEN(columns) + 1)
        return -EBADMSG;
    for (size_t i = 0; !err && i < TL_LEN(columns); i++)
        err = take(&columns[i], (char *)ret + columns[i].at, PQgetvalue(res, row, (int)i));
    ret->version = pg_row_number(res, row, (int)TL_LEN(columns));
    return err;
}
