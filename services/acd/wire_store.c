/* Records of Redis: what a new owner needs.  Names, not indexes: its rules may be others. */
#include "wire_pb.h"
#include <string.h>
#include <tl_pb.h>

static const char *agent_name(const struct acd *acd, uint32_t at)
{
    const struct acd_agent *a = at == ACD_NONE ? NULL : acd_agent(acd, at);

    return a ? a->id.s : "";
}

struct need_list {
    Threadline__Acd__V1__SkillNeed needs[ACD_NEEDS_MAX], *list[ACD_NEEDS_MAX];
};

static size_t write_needs(const struct wire_scene *s, const struct acd_need *from, unsigned n,
                          struct need_list *to)
{
    for (unsigned i = 0; i < n; i++) {
        threadline__acd__v1__skill_need__init(&to->needs[i]);
        to->needs[i].skill = lent(acd_policy(s->acd)->skills[from[i].skill].s);
        to->needs[i].min_proficiency = from[i].least;
        to->list[i] = &to->needs[i];
    }
    return n;
}

/* A record with what it borrows. */
struct record {
    Threadline__Acd__V1__StoredContact message;
    Threadline__Acd__V1__Refusal refusals[ACD_EXCLUDED_MAX], *refusal_list[ACD_EXCLUDED_MAX];
    struct need_list required, preferred;
};

static void write_record(const struct wire_scene *s, const struct acd_contact *c, struct record *r)
{
    Threadline__Acd__V1__StoredContact *m = &r->message;

    threadline__acd__v1__stored_contact__init(m);
    m->contact_id = lent(c->id.s);
    m->thread_id = lent(c->thread.s);
    m->state = lent(acd_contact_state_name((enum acd_contact_state)c->state));
    m->channel = (Threadline__Common__V1__Channel)c->channel;
    m->queue = lent(acd_policy(s->acd)->queues[c->queue].name.s);
    m->required = r->required.list;
    m->n_required = write_needs(s, c->required, c->n_required, &r->required);
    m->preferred = r->preferred.list;
    m->n_preferred = write_needs(s, c->preferred_skills, c->n_preferred, &r->preferred);
    m->priority = c->priority;
    m->enqueued_at_us = c->enqueued;
    m->queued_at_us = c->queued;
    m->since_us = c->since;
    m->deadline_us = c->deadline;
    m->offer = c->offer;
    m->arrival = c->arrival;
    m->attempt = c->attempt;
    m->agent_id = lent(agent_name(s->acd, c->agent));
    m->preferred_agent_id = lent(agent_name(s->acd, c->preferred));
    m->direct = c->direct;
    m->overflowed = c->overflowed;
    m->ring = c->ring;
    m->refusals = r->refusal_list;
    for (unsigned i = 0; i < c->n_excluded; i++) {
        threadline__acd__v1__refusal__init(&r->refusals[i]);
        r->refusals[i].agent_id = lent(agent_name(s->acd, c->excluded[i].agent));
        r->refusals[i].until_s = c->excluded[i].until_s;
        r->refusal_list[m->n_refusals++] = &r->refusals[i];
    }
    m->joined = c->seat == ACD_JOINED;
}

int wire_store_contact(const struct wire_scene *s, const struct acd_contact *c, struct tl_buf *out)
{
    struct record r, seats[ACD_SEATS_MAX];
    Threadline__Acd__V1__StoredContact *list[ACD_SEATS_MAX];
    uint32_t at[ACD_SEATS_MAX];
    unsigned n =
        c->n_seats ? acd_seats(s->acd, acd_find_contact(s->acd, tl_id_str(&c->id)), at) : 0;

    write_record(s, c, &r);
    for (unsigned i = 0; i < n; i++) {
        write_record(s, acd_contact(s->acd, at[i]), &seats[i]);
        list[i] = &seats[i].message;
    }
    r.message.n_seats = n;
    r.message.seats = list;
    return tl_pb_pack(&r.message, out);
}

int wire_store_agent(const struct acd_agent *a, struct tl_buf *out)
{
    Threadline__Acd__V1__StoredAgent m = THREADLINE__ACD__V1__STORED_AGENT__INIT;

    m.agent_id = lent(a->id.s);
    m.session_id = lent(a->session.s);
    m.reason = lent(a->reason.s);
    m.ready = a->ready;
    m.draining = a->draining;
    m.since_us = a->since;
    m.idle_since_us = a->idle_since;
    m.last_offered_us = a->last_offered;
    m.signed_in_at_us = a->signed_in_at;
    m.busy_total_us = a->busy_total;
    m.missed = a->rona;
    m.presence = a->presence;
    return tl_pb_pack(&m, out);
}

int wire_load_agent(const void *data, size_t n, struct acd_agent *ret)
{
    Threadline__Acd__V1__StoredAgent *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__stored_agent, data, n, &m);

    if (err)
        return err;
    *ret = (struct acd_agent){.signed_in = true,
                              .ready = m->ready,
                              .draining = m->draining,
                              .since = m->since_us,
                              .idle_since = m->idle_since_us,
                              .last_offered = m->last_offered_us,
                              .signed_in_at = m->signed_in_at_us,
                              .busy_total = m->busy_total_us,
                              .rona = (uint8_t)m->missed,
                              .presence = (uint8_t)m->presence};
    if (tl_id_parse(&ret->id, tl_str(m->agent_id)) ||
        !tl_str_put(ret->session.s, sizeof(ret->session.s), tl_str(m->session_id)) ||
        !tl_str_put(ret->reason.s, sizeof(ret->reason.s), tl_str(m->reason)) ||
        m->presence < ACD_OFFLINE || m->presence > ACD_WRAP_UP)
        err = -EBADMSG;
    tl_pb_free(m);
    return err;
}

int wire_store_familiar(const struct acd *acd, const struct acd_familiar *f, struct tl_buf *out)
{
    Threadline__Acd__V1__StoredFamiliar m = THREADLINE__ACD__V1__STORED_FAMILIAR__INIT;

    m.thread_hash = f->thread;
    m.until_us = f->until;
    m.agent_id = lent(agent_name(acd, f->agent));
    return tl_pb_pack(&m, out);
}

int wire_load_familiar(const struct acd *acd, const void *data, size_t n, struct acd_familiar *ret)
{
    Threadline__Acd__V1__StoredFamiliar *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__stored_familiar, data, n, &m);

    if (err)
        return err;
    *ret = (struct acd_familiar){.thread = m->thread_hash,
                                 .until = m->until_us,
                                 .agent = acd_find_agent(acd, tl_str(m->agent_id))};
    tl_pb_free(m);
    return 0;
}

/* A skill that is no more is no need any more. */
static uint8_t read_needs(const struct acd *acd, Threadline__Acd__V1__SkillNeed **from, size_t n,
                          struct acd_need *to)
{
    uint8_t kept = 0;

    for (size_t i = 0; i < n && kept < ACD_NEEDS_MAX; i++) {
        uint32_t skill = acd_skill_find(acd, tl_str(from[i]->skill));
        if (skill != ACD_NONE && from[i]->min_proficiency >= 1 && from[i]->min_proficiency <= 5)
            to[kept++] = (struct acd_need){(uint16_t)skill, (uint8_t)from[i]->min_proficiency};
    }
    return kept;
}

static uint8_t read_state(const char *name)
{
    for (int s = ACD_WAITING; s < ACD_CONTACT_STATES; s++)
        if (strcmp(name, acd_contact_state_name((enum acd_contact_state)s)) == 0)
            return (uint8_t)s;
    return ACD_FREE_SLOT;
}

static int fill(const struct acd *acd, const Threadline__Acd__V1__StoredContact *m,
                struct acd_contact *c)
{
    uint32_t queue = acd_queue_find(acd, tl_str(m->queue));

    *c = (struct acd_contact){.state = read_state(m->state),
                              .channel = (uint8_t)m->channel,
                              .queue = (uint16_t)(queue == ACD_NONE ? 0 : queue),
                              .priority = m->priority,
                              .enqueued = m->enqueued_at_us,
                              .queued = m->queued_at_us,
                              .since = m->since_us,
                              .deadline = m->deadline_us,
                              .offer = m->offer,
                              .arrival = m->arrival,
                              .attempt = m->attempt,
                              .agent = acd_find_agent(acd, tl_str(m->agent_id)),
                              .preferred = acd_find_agent(acd, tl_str(m->preferred_agent_id)),
                              .parent = ACD_NONE,
                              .direct = m->direct,
                              .overflowed = m->overflowed || queue == ACD_NONE,
                              .ring = (uint8_t)m->ring};
    if (tl_id_parse(&c->id, tl_str(m->contact_id)) || c->state == ACD_FREE_SLOT ||
        c->channel < ACD_VIDEO || c->channel >= ACD_CHANNELS ||
        !tl_str_put(c->thread.s, sizeof(c->thread.s), tl_str(m->thread_id)))
        return -EBADMSG;
    c->n_required = read_needs(acd, m->required, m->n_required, c->required);
    c->n_preferred = read_needs(acd, m->preferred, m->n_preferred, c->preferred_skills);
    for (size_t i = 0; i < m->n_refusals && c->n_excluded < ACD_EXCLUDED_MAX; i++) {
        uint32_t agent = acd_find_agent(acd, tl_str(m->refusals[i]->agent_id));
        if (agent == ACD_NONE)
            continue;
        c->excluded[c->n_excluded].agent = agent;
        c->excluded[c->n_excluded++].until_s = m->refusals[i]->until_s;
    }
    return queue == ACD_NONE ? -ESTALE : 0;
}

int wire_load_contact(const struct acd *acd, const void *data, size_t n, struct wire_stored *ret)
{
    Threadline__Acd__V1__StoredContact *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__stored_contact, data, n, &m);

    if (err)
        return err;
    ret->n_seats = 0;
    err = fill(acd, m, &ret->contact);
    for (size_t i = 0; i < m->n_seats && ret->n_seats < ACD_SEATS_MAX; i++) {
        struct acd_contact *seat = &ret->seats[ret->n_seats];
        if (fill(acd, m->seats[i], seat) == -EBADMSG)
            err = -EBADMSG;
        seat->seat = m->seats[i]->joined ? ACD_JOINED : ACD_CONSULT;
        ret->n_seats++;
    }
    tl_pb_free(m);
    return err;
}
