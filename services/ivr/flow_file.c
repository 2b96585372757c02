#include "flow_file.h"
#include "flow_parts.h"

#include <stdio.h>
#include <tl_mem.h>

/* ---- ways out --------------------------------------------------------------------------- */

static int read_arm(struct reader *r, const node *n, struct ivr_step *s)
{
    static const char *const branch_keys[] = {"when", "go", NULL};
    static const char *const menu_keys[] = {"key", "label", "section", "go", NULL};
    struct ivr_arm *arm = &r->f->arms[r->f->n_arms];
    int err = 0;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, s->id.s, r->why, "must have go");
    if (r->f->n_arms == IVR_ARMS_MAX)
        return tl_yaml_complain(n, s->id.s, r->why, "the flow has more than %d ways", IVR_ARMS_MAX);
    r->f->n_arms++;
    s->n_arms++;
    arm->line = tl_yaml_line(n);
    err |= tl_yaml_known_keys(n, s->kind == IVR_MENU ? menu_keys : branch_keys, r->why);
    err |= part_id(r, n, "go", tl_yaml_get(n, "go"), &arm->go);
    if (s->kind == IVR_MENU) {
        err |= part_string(r, n, "key", NULL, arm->key, sizeof arm->key);
        err |= part_string(r, n, "label", NULL, arm->label, sizeof arm->label);
        err |= part_list(r, n, "section", &arm->when.sections);
    } else {
        err |= part_when(r, tl_yaml_get(n, "when"), &arm->when);
    }
    return err ? -EINVAL : 0;
}

static int read_arms(struct reader *r, const node *list, struct ivr_step *s)
{
    int err = 0;

    s->first_arm = r->f->n_arms;
    if (!tl_yaml_is_seq(list) || !tl_yaml_count(list))
        return tl_yaml_complain(list, s->id.s, r->why, "must be a list of ways");
    for (size_t i = 0; !err && i < tl_yaml_count(list); i++)
        err = read_arm(r, tl_yaml_item(list, i), s);
    return err;
}

/* ---- steps ------------------------------------------------------------------------------ */

static int read_priority(struct reader *r, const node *n, struct ivr_step *s)
{
    int64_t priority = 0;
    int err = tl_yaml_read_int(n, "priority", 0, -100, 100, &priority, r->why);

    s->has_priority = tl_yaml_get(n, "priority") != NULL;
    s->priority = (int)priority;
    return err;
}

static int read_set(struct reader *r, const node *n, struct ivr_step *s)
{
    static const char *const keys[] = {"priority", "music", "skills", NULL};
    int err = 0;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "set", r->why, "must be priority, music or skills");
    err |= tl_yaml_known_keys(n, keys, r->why);
    err |= read_priority(r, n, s);
    err |= part_list(r, n, "skills", &s->list);
    if (tl_yaml_get(n, "music"))
        err |= part_id(r, n, "music", tl_yaml_get(n, "music"), &s->word);
    return err ? -EINVAL : 0;
}

static int read_enqueue(struct reader *r, const node *n, struct ivr_step *s)
{
    static const char *const keys[] = {"queue", "skills", "priority", NULL};
    int err = 0;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "enqueue", r->why, "must have queue");
    err |= tl_yaml_known_keys(n, keys, r->why);
    err |= part_id(r, n, "queue", tl_yaml_get(n, "queue"), &s->word);
    err |= part_list(r, n, "skills", &s->list);
    err |= read_priority(r, n, s);
    return err ? -EINVAL : 0;
}

static int read_close(struct reader *r, const node *n, struct ivr_step *s)
{
    static const char *const keys[] = {"message", "cause", NULL};
    int err = 0;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "close", r->why, "must have message and cause");
    err |= tl_yaml_known_keys(n, keys, r->why);
    err |= part_id(r, n, "cause", tl_yaml_get(n, "cause"), &s->word);
    err |= part_string(r, n, "message", "", s->text, sizeof s->text);
    return err ? -EINVAL : 0;
}

static int read_menu(struct reader *r, const node *n, struct ivr_step *s)
{
    static const char *const keys[] = {"prompt", "choices", NULL};
    int err = 0;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "menu", r->why, "must have prompt and choices");
    err |= tl_yaml_known_keys(n, keys, r->why);
    err |= part_string(r, n, "prompt", NULL, s->text, sizeof s->text);
    err |= read_arms(r, tl_yaml_get(n, "choices"), s);
    return err ? -EINVAL : 0;
}

/** digits and questions belong to the phone; the web only needs to know where they lead. */
static int read_prompt(struct reader *r, const node *n, struct ivr_step *s)
{
    static const char *const keys[] = {"prompt", "into", NULL};
    int err = 0;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, ivr_kind_name(s->kind), r->why, "must have prompt and into");
    err |= tl_yaml_known_keys(n, keys, r->why);
    err |= part_string(r, n, "prompt", NULL, s->text, sizeof s->text);
    err |= part_id(r, n, "into", tl_yaml_get(n, "into"), &s->word);
    return err ? -EINVAL : 0;
}

static int read_body(struct reader *r, const node *step, const node *body, struct ivr_step *s)
{
    switch (s->kind) {
    case IVR_SAY: return part_list(r, step, "say", &s->list);
    case IVR_SET: return read_set(r, body, s);
    case IVR_BRANCH: return read_arms(r, body, s);
    case IVR_MENU: return read_menu(r, body, s);
    case IVR_COLLECT:
    case IVR_ASK: return read_prompt(r, body, s);
    case IVR_ENQUEUE: return read_enqueue(r, body, s);
    case IVR_CLOSE: return read_close(r, body, s);
    }
    return -EINVAL;
}

static int read_step(struct reader *r, const char *name, const node *n)
{
    static const char *const keys[] = {"say",     "set",   "branch", "menu", "collect", "ask",
                                       "enqueue", "close", "next",   "else", NULL};
    struct ivr_step *s = &r->f->steps[r->f->n_steps++];
    const node *body = NULL;
    const char *next_key;
    int kinds = 0, err = 0;

    s->line = tl_yaml_line(n);
    if (tl_id_parse(&s->id, tl_str(name)) || !tl_yaml_is_map(n))
        return tl_yaml_complain(n, name, r->why, "must be a step with a short name");
    err |= tl_yaml_known_keys(n, keys, r->why);
    for (int k = IVR_SAY; k <= IVR_CLOSE; k++) {
        if (tl_yaml_get(n, ivr_kind_name((enum ivr_kind)k))) {
            s->kind = (enum ivr_kind)k;
            body = tl_yaml_get(n, ivr_kind_name(s->kind));
            kinds++;
        }
    }
    if (kinds != 1)
        return tl_yaml_complain(n, name, r->why, "must do exactly one thing");
    next_key = s->kind == IVR_BRANCH || s->kind == IVR_MENU ? "else" : "next";
    if (tl_yaml_get(n, strcmp(next_key, "next") == 0 ? "else" : "next"))
        err |= tl_yaml_complain(n, name, r->why, "branch and menu have else, the others next");
    if (tl_yaml_get(n, next_key)) {
        if (s->kind >= IVR_ENQUEUE)
            err |= tl_yaml_complain(n, name, r->why, "nothing comes after the end");
        err |= part_id(r, n, next_key, tl_yaml_get(n, next_key), &s->next_id);
    }
    err |= read_body(r, n, body, s);
    return err ? -EINVAL : 0;
}

/* ---- the document ----------------------------------------------------------------------- */

static int read_flow(struct reader *r, const node *root)
{
    static const char *const keys[] = {"flow", "start", "music", "hours", "steps", NULL};
    const node *steps = tl_yaml_get(root, "steps");
    int err = 0;

    if (!tl_yaml_is_map(root))
        return tl_yaml_complain(root, "flow", r->why, "must be a mapping");
    err |= tl_yaml_known_keys(root, keys, r->why);
    err |= part_id(r, root, "flow", tl_yaml_get(root, "flow"), &r->f->name);
    err |= part_id(r, root, "start", tl_yaml_get(root, "start"), &r->f->start_id);
    if (tl_yaml_get(root, "music"))
        err |= part_id(r, root, "music", tl_yaml_get(root, "music"), &r->f->music);
    err |= part_hours(r, tl_yaml_get(root, "hours"));
    if (!tl_yaml_is_map(steps) || !tl_yaml_count(steps) || tl_yaml_count(steps) > IVR_STEPS_MAX)
        return tl_yaml_complain(steps ? steps : root, "steps", r->why, "must be 1 to %d steps",
                                IVR_STEPS_MAX);
    for (size_t i = 0; i < tl_yaml_count(steps); i++)
        err |= read_step(r, tl_yaml_key(steps, i), tl_yaml_item(steps, i));
    return err ? -EINVAL : 0;
}

static int compile(struct ivr_flow **ret, struct tl_yaml *y, const char *name, struct tl_buf *why)
{
    struct ivr_flow *f = tl_alloc(1, sizeof *f);
    struct reader r = {.f = f, .why = why};
    struct ivr_complaint c;
    int err = f ? read_flow(&r, tl_yaml_root(y)) : -ENOMEM;

    if (!err) {
        (void)snprintf(f->hash, sizeof f->hash, "%s", tl_yaml_hash(y));
        err = ivr_flow_check(f, &c);
        if (err)
            tl_buf_printf(why, "%s:%d: %s: %s\n", name, c.line, c.key, c.text);
    }
    if (!err) {
        *ret = f;
        f = NULL;
    }
    tl_free(f);
    tl_yaml_free(y);
    return err;
}

int ivr_flow_load(struct ivr_flow **ret, const char *path, struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    int err = tl_yaml_load(&y, path, why);

    return err ? err : compile(ret, y, path, why);
}

int ivr_flow_parse(struct ivr_flow **ret, struct tl_str text, const char *name, struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    int err = tl_yaml_parse(&y, text, name, why);

    return err ? err : compile(ret, y, name, why);
}
