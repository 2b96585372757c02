#include "core/flow.h"

static const char *const kind_names[] = {"say",     "set", "branch",  "menu",
                                         "collect", "ask", "enqueue", "close"};

const char *ivr_kind_name(enum ivr_kind kind)
{
    return kind_names[kind];
}

/* ---- checking --------------------------------------------------------------------------- */

static int complain(struct ivr_complaint *c, int line, const struct tl_id *key, const char *text)
{
    c->line = line;
    (void)tl_str_put(c->key, sizeof c->key, tl_id_str(key));
    (void)tl_str_put(c->text, sizeof c->text, tl_str(text));
    return -EINVAL;
}

static int find(const struct ivr_flow *f, const struct tl_id *id)
{
    for (int i = 0; i < f->n_steps; i++) {
        if (tl_id_eq(&f->steps[i].id, id))
            return i;
    }
    return -1;
}

_Static_assert(IVR_LIST_MAX == 8, "the complaints of walk() say so");

static bool ends(const struct ivr_step *s)
{
    return s->kind == IVR_ENQUEUE || s->kind == IVR_CLOSE;
}

static int resolve(struct ivr_flow *f, struct ivr_complaint *c)
{
    f->start = find(f, &f->start_id);
    if (f->start < 0)
        return complain(c, 1, &f->start_id, "start names no step");
    for (int i = 0; i < f->n_steps; i++) {
        struct ivr_step *s = &f->steps[i];

        s->next = -1;
        if (find(f, &s->id) != i)
            return complain(c, s->line, &s->id, "there is another step of this name");
        for (int a = s->first_arm; a < s->first_arm + s->n_arms; a++) {
            f->arms[a].to = find(f, &f->arms[a].go);
            if (f->arms[a].to < 0)
                return complain(c, f->arms[a].line, &f->arms[a].go, "go names no step");
        }
        if (!tl_id_empty(&s->next_id)) {
            s->next = find(f, &s->next_id);
            if (s->next < 0)
                return complain(c, s->line, &s->next_id, "next names no step");
        } else if (!ends(s)) {
            return complain(c, s->line, &s->id,
                            "the path stops here: it must lead to enqueue or close");
        }
    }
    return 0;
}

/** What is known of a step, and the most that a path from it collects. */
struct seen {
    enum { NOT_YET, ON_THE_PATH, DONE } state;
    int announcements, skills;
};

/** Depth first. */
static int walk(const struct ivr_flow *f, int i, struct seen *seen, struct ivr_complaint *c)
{
    const struct ivr_step *s = &f->steps[i];
    struct seen *here = &seen[i];
    int err = 0;

    if (here->state == DONE)
        return 0;
    if (here->state == ON_THE_PATH)
        return complain(c, s->line, &s->id, "the path comes back to this step");
    here->state = ON_THE_PATH;
    for (int a = s->first_arm - 1; !err && a < s->first_arm + s->n_arms; a++) {
        int to = a < s->first_arm ? s->next : f->arms[a].to;

        if (to < 0)
            continue;
        err = walk(f, to, seen, c);
        here->announcements = TL_HIGHER(here->announcements, seen[to].announcements);
        here->skills = TL_HIGHER(here->skills, seen[to].skills);
    }
    *(s->kind == IVR_SAY ? &here->announcements : &here->skills) += s->list.n;
    here->state = DONE;
    if (!err && here->announcements > IVR_LIST_MAX)
        err = complain(c, s->line, &s->id, "a path from here says more than 8 announcements");
    if (!err && here->skills > IVR_LIST_MAX)
        err = complain(c, s->line, &s->id, "a path from here asks for more than 8 skills");
    return err;
}

int ivr_flow_check(struct ivr_flow *f, struct ivr_complaint *c)
{
    struct seen seen[IVR_STEPS_MAX] = {0};
    int err = resolve(f, c);

    if (!err)
        err = walk(f, f->start, seen, c);
    for (int i = 0; !err && i < f->n_steps; i++) {
        if (!seen[i].state)
            err = complain(c, f->steps[i].line, &f->steps[i].id, "no path leads to this step");
    }
    return err;
}

/* ---- walking ---------------------------------------------------------------------------- */

bool ivr_hours_open(const struct ivr_hours *h, tl_time now)
{
    int64_t minute = now / TL_MIN(1) + h->utc_offset_min; /* now is after 1970 */
    int64_t day = minute / 1440;
    int weekday = (int)((day + 3) % 7); /* 1970-01-01 was a Thursday */
    int of_day = (int)(minute % 1440);

    return (h->days & (1u << weekday)) && of_day >= h->from_min && of_day < h->to_min;
}

static bool in(const struct ivr_list *l, struct tl_str word)
{
    for (int i = 0; i < l->n; i++) {
        if (tl_str_eq(tl_id_str(&l->at[i]), word))
            return true;
    }
    return false;
}

static bool holds(const struct ivr_flow *f, const struct ivr_when *w, const struct ivr_caller *who,
                  tl_time now)
{
    if (w->sections.n && !in(&w->sections, who->section))
        return false;
    if (w->tiers.n && !in(&w->tiers, who->tier))
        return false;
    if (w->channels && !(w->channels & (1u << who->channel)))
        return false;
    if (w->known_customer && (w->known_customer > 0) != who->known_customer)
        return false;
    if (w->open && !ivr_hours_open(&f->hours[w->open - 1], now))
        return false;
    return !w->closed || !ivr_hours_open(&f->hours[w->closed - 1], now);
}

static int choose(const struct ivr_flow *f, const struct ivr_step *s, const struct ivr_caller *who,
                  tl_time now)
{
    for (int a = s->first_arm; a < s->first_arm + s->n_arms; a++) {
        if (s->kind == IVR_MENU && !f->arms[a].when.sections.n)
            continue; /* only a caller can press it */
        if (holds(f, &f->arms[a].when, who, now))
            return f->arms[a].to;
    }
    return s->next;
}

/** There is room: ivr_flow_check() lets no path collect more than fit a list. */
static void append(struct ivr_list *to, const struct ivr_list *more)
{
    for (int i = 0; i < more->n && to->n < IVR_LIST_MAX; i++) {
        if (!in(to, tl_id_str(&more->at[i])))
            to->at[to->n++] = more->at[i];
    }
}

static void apply(const struct ivr_step *s, struct ivr_result *r)
{
    if (s->has_priority)
        r->priority = s->priority;
    switch (s->kind) {
    case IVR_SAY: append(&r->announcements, &s->list); break;
    case IVR_SET:
        append(&r->skills, &s->list);
        if (!tl_id_empty(&s->word))
            r->music = s->word;
        break;
    case IVR_ENQUEUE:
        append(&r->skills, &s->list);
        r->queue = s->word;
        break;
    case IVR_CLOSE:
        r->closed = true;
        r->cause = s->word;
        memcpy(r->message, s->text, sizeof r->message);
        break;
    default: break;
    }
}

void ivr_flow_run(const struct ivr_flow *f, const struct ivr_caller *who, tl_time now,
                  struct ivr_result *r)
{
    *r = (struct ivr_result){.music = f->music};
    for (int at = f->start; at >= 0 && r->n_taken < IVR_STEPS_MAX;) {
        const struct ivr_step *s = &f->steps[at];

        r->taken[r->n_taken++] = at;
        apply(s, r);
        at = s->kind == IVR_BRANCH || s->kind == IVR_MENU ? choose(f, s, who, now) : s->next;
    }
}
