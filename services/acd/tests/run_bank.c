/* make conformance: each day of a bank's call log through the core, with that day's servers.
 * After every fact all invariants of the core hold, nobody is lost or made, and whoever is offered
 * to a server who came free is the one with the highest priority who came first, of all who wait
 * for that server.
 *
 *     run_bank anonymous_bank_1999_feb_week1.tsv */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <adapters/policy_yaml.h>
#include <lab/bank.h>
#include <lab/check.h>
#include <lab/rerun.h>
#include <lab/textfile.h>
#include <tl_mem.h>

#define WAITING_MOST 4096
#define DAYS_MOST    64

/* Our own reading of the decisions, apart from the core's lines. */
struct book {
    struct {
        uint32_t contact, queue;
        int32_t priority;
        tl_time came;
        bool rings; /* at somebody else's: nobody passes it over */
    } waiting[WAITING_MOST];
    const struct acd *acd;
    size_t n;
    uint64_t in, out, choices;
    char broken[256];
};

static void broke(struct book *b, const char *what, const struct acd_decision *d)
{
    if (!b->broken[0])
        (void)snprintf(b->broken, sizeof(b->broken), "%s: contact %s", what,
                       d->contact ? d->contact->id.s : "-");
}

static size_t find(const struct book *b, uint32_t contact)
{
    size_t i = 0;

    while (i < b->n && b->waiting[i].contact != contact)
        i++;
    return i;
}

static void leave(struct book *b, const struct acd_decision *d)
{
    size_t i = find(b, d->contact_at);

    if (i == b->n)
        broke(b, "leaves a line it does not stand in", d);
    else
        b->waiting[i] = b->waiting[--b->n];
}

static void set_ringing(struct book *b, const struct acd_decision *d, bool rings)
{
    size_t i = find(b, d->contact_at);

    if (i == b->n || b->waiting[i].rings == rings)
        broke(b, "rings though it does not wait, or twice", d);
    else
        b->waiting[i].rings = rings;
}

static void check_order(struct book *b, const struct acd_decision *d)
{
    b->choices++;
    for (size_t i = 0; i < b->n; i++)
        if (b->waiting[i].contact != d->contact_at && !b->waiting[i].rings &&
            acd_serves(b->acd, d->agent_at, b->waiting[i].queue) &&
            (b->waiting[i].priority > d->contact->priority ||
             (b->waiting[i].priority == d->contact->priority &&
              b->waiting[i].came < d->contact->enqueued)))
            broke(b, "is offered before somebody of higher priority, or who came first", d);
}

static void decided(void *arg, const struct acd_decision *d)
{
    struct book *b = arg;

    switch (d->kind) {
    case ACD_ADMIT:
        b->in++;
        if (b->n == WAITING_MOST) {
            broke(b, "more wait than the book has room for", d);
            break;
        }
        b->waiting[b->n].contact = d->contact_at;
        b->waiting[b->n].queue = d->contact->queue;
        b->waiting[b->n].priority = d->contact->priority;
        b->waiting[b->n].rings = false;
        b->waiting[b->n++].came = d->contact->enqueued;
        break;
    case ACD_OFFER:
        if (d->why->by_agent && b->acd)
            check_order(b, d);
        set_ringing(b, d, true);
        break;
    case ACD_TAKE_BACK:
    case ACD_TIME_OUT:
    case ACD_TURN_DOWN: set_ringing(b, d, false); break;
    case ACD_CONNECT:
    case ACD_DISMISS: leave(b, d); break;
    case ACD_FORGET: b->out++; break;
    default: break;
    }
}

static int check(void *arg, const struct acd *acd)
{
    struct book *b = arg;

    b->acd = acd;
    if (!b->broken[0] && b->in != b->out + acd_size(acd).contacts)
        (void)snprintf(b->broken, sizeof(b->broken), "conservation: contacts were lost or made");
    if (!b->broken[0])
        (void)acd_check(acd, b->broken, sizeof(b->broken)); /* leaves its line in broken */
    return b->broken[0] ? -EPROTO : 0;
}

static bool conserved(const struct numbers *n)
{
    return n->offered == n->answered + n->abandoned + n->flowed_out + n->waiting;
}

static int print_day(const char *date, const struct bank_day *day, const struct floor_result *was,
                     const struct floor_result *is, const struct acd_policy *p)
{
    struct tl_buf out = TL_BUF(1024 * 1024);
    struct numbers_row rows[2 * 32];
    char names[2 * 32][64];
    size_t n = 0;
    int rc;

    for (uint32_t q = 0; q <= p->n_queues && n + 2 <= TL_LEN(rows); q++)
        for (int k = 0; k < 2; k++, n++) {
            const struct floor_result *r = k ? is : was;
            (void)snprintf(names[n], sizeof(names[n]), "%s %s",
                           q < p->n_queues ? p->queues[q].name.s : "total", k ? "core" : "log");
            rows[n] = (struct numbers_row){names[n], q < p->n_queues ? &r->queues[q] : &r->total,
                                           was->last - was->first};
        }
    printf("\n%s: %llu calls, %llu left out (phantom, hung up in the IVR, no server named), %u "
           "servers, %llu facts\n",
           date, (unsigned long long)day->lines, (unsigned long long)day->left_out, p->n_agents,
           (unsigned long long)is->facts);
    (void)numbers_table(&out, rows, n);
    rc = out.err || fputs(out.p, stdout) == EOF;
    tl_buf_done(&out);
    return rc ? -EIO : 0;
}

/* 0: all held. */
static int run_day(struct tl_str text, const char *path, const char *date)
{
    struct tl_buf why = TL_BUF(65536);
    struct bank_day day;
    struct policy_file *rules = NULL;
    struct floor_result was = {0}, is = {0};
    struct rerun_gaps gaps;
    struct book *book = tl_alloc(1, sizeof(*book));
    const struct rerun_watch watch = {.decided = decided, .check = check, .arg = book};
    int err = bank_load(&day, text, path, date, &why);

    if (!book)
        err = -ENOMEM;
    if (!err)
        err = policy_parse(&rules, tl_buf_str(&day.rules), "rules of the day", &why);
    if (!err)
        err = record_lives(day.record, 1);
    if (!err)
        err = rerun_recorded(day.record, policy_of(rules), &was);
    if (!err)
        err = rerun(day.record, policy_of(rules), &watch, &is, &gaps);
    if (!err)
        err = print_day(date, &day, &was, &is, policy_of(rules));
    if (!err && (!conserved(&is.total) || gaps.contacts || book->in != is.total.offered))
        err = -EPROTO;
    if (err)
        fprintf(stderr, "%s %s: %s\n", path, date,
                book && book->broken[0] ? book->broken
                : why.p                 ? why.p
                                        : strerror(-err));
    else
        printf("in %llu = answered %llu + abandoned %llu + flowed out %llu + waiting %llu; order "
               "held in %llu choices\n",
               (unsigned long long)is.total.offered, (unsigned long long)is.total.answered,
               (unsigned long long)is.total.abandoned, (unsigned long long)is.total.flowed_out,
               (unsigned long long)is.total.waiting, (unsigned long long)book->choices);
    floor_done(&was);
    floor_done(&is);
    policy_free(rules);
    bank_done(&day);
    tl_free(book);
    tl_buf_done(&why);
    return err;
}

int main(int argc, char **argv)
{
    struct tl_buf text = TL_BUF(64 * 1024 * 1024), why = TL_BUF(65536);
    char dates[DAYS_MOST][8];
    int n = -EINVAL, held = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.tsv\n", argv[0]);
        return 2;
    }
    if (textfile_read(&text, argv[1], &why) == 0)
        n = bank_dates(dates, DAYS_MOST, tl_buf_str(&text), argv[1], &why);
    if (n <= 0)
        fprintf(stderr, "%s", why.p ? why.p : "no day in the file\n");
    for (int i = 0; i < n; i++)
        held += run_day(tl_buf_str(&text), argv[1], dates[i]) == 0;
    tl_buf_clear(&why);
    (void)numbers_legend(&why);
    printf("%s\n", why.p ? why.p : "");
    tl_buf_done(&text);
    tl_buf_done(&why);
    printf("days=%d held=%d\n", n < 0 ? 0 : n, held);
    return n <= 0 || held < n;
}
