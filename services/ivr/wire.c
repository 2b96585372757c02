#include "wire.h"

#include <stdio.h>
#include <tl_pb.h>

#include <threadline/ivr/v1/commands.pb-c.h>
#include <threadline/ivr/v1/events.pb-c.h>

_Static_assert((int)IVR_VIDEO == THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO, "channel");
_Static_assert((int)IVR_CHAT == THREADLINE__COMMON__V1__CHANNEL__CHANNEL_CHAT, "channel");

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

int ivr_wire_start(const void *data, size_t n, struct ivr_start *ret)
{
    Threadline__Ivr__V1__StartFlowRequest *m = NULL;
    int err = TL_PB_UNPACK(threadline__ivr__v1__start_flow_request, data, n, &m);

    *ret = (struct ivr_start){.owner = m};
    if (err)
        return err;
    if (tl_id_parse(&ret->contact, tl_str(m->contact_id)) ||
        tl_id_parse(&ret->thread, tl_str(m->thread_id)) || (int)m->channel < IVR_VIDEO ||
        (int)m->channel > IVR_CHAT) {
        ivr_start_done(ret);
        return -EINVAL;
    }
    ret->caller = (struct ivr_caller){.channel = (enum ivr_channel)m->channel,
                                      .section = tl_str(m->section),
                                      .tier = tl_str(m->tier),
                                      .known_customer = m->known_customer};
    return 0;
}

void ivr_start_done(struct ivr_start *start)
{
    start->owner = tl_pb_free(start->owner);
}

static size_t list(const struct ivr_list *l, char *ret[IVR_LIST_MAX])
{
    for (int i = 0; i < l->n; i++)
        ret[i] = text(l->at[i].s);
    return (size_t)l->n;
}

static void flow_name(const struct ivr_flow *f, char ret[64])
{
    (void)snprintf(ret, 64, "%s@%s", f->name.s, f->hash);
}

int ivr_wire_result(const struct ivr_flow *flow, const struct ivr_result *r, struct tl_buf *out)
{
    Threadline__Ivr__V1__StartFlowResponse m = THREADLINE__IVR__V1__START_FLOW_RESPONSE__INIT;
    Threadline__Ivr__V1__Enqueue enqueue = THREADLINE__IVR__V1__ENQUEUE__INIT;
    Threadline__Ivr__V1__Close close = THREADLINE__IVR__V1__CLOSE__INIT;
    char *prompts[IVR_LIST_MAX], *skills[IVR_LIST_MAX], name[64];

    flow_name(flow, name);
    m.flow = name;
    m.n_announcements = list(&r->announcements, prompts);
    m.announcements = prompts;
    m.music = text(r->music.s);
    if (r->closed) {
        close.message = text(r->message);
        close.cause = text(r->cause.s);
        m.next_case = THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_CLOSE;
        m.close = &close;
    } else {
        enqueue.queue = text(r->queue.s);
        enqueue.n_skills = list(&r->skills, skills);
        enqueue.skills = skills;
        enqueue.priority = r->priority;
        m.next_case = THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_ENQUEUE;
        m.enqueue = &enqueue;
    }
    return tl_pb_pack(&m, out);
}

/** The envelope is new for each event: emitting fills in its meta. */
static int emit(struct tl_events *events, const struct ivr_start *s, int event_case, void *body)
{
    Threadline__Ivr__V1__IvrEvent e = THREADLINE__IVR__V1__IVR_EVENT__INIT;
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;

    e.meta = &meta;
    e.event_case = (Threadline__Ivr__V1__IvrEvent__EventCase)event_case;
    e.flow_started = body; /* the members of the oneof share one place */
    return tl_events_emit(events, &e.base, s->thread.s, s->contact.s, s->thread.s);
}

int ivr_wire_emit(struct tl_events *events, const struct ivr_start *s, const struct ivr_flow *flow,
                  const struct ivr_result *r)
{
    Threadline__Ivr__V1__FlowStarted started = THREADLINE__IVR__V1__FLOW_STARTED__INIT;
    Threadline__Ivr__V1__FlowFinished finished = THREADLINE__IVR__V1__FLOW_FINISHED__INIT;
    char name[64];
    int err;

    flow_name(flow, name);
    started.flow = finished.flow = name;
    started.rendering = text(s->caller.channel == IVR_CHAT ? "chat" : "web");
    err = emit(events, s, THREADLINE__IVR__V1__IVR_EVENT__EVENT_FLOW_STARTED, &started);
    for (int i = 0; !err && i < r->n_taken; i++) {
        Threadline__Ivr__V1__StepTaken taken = THREADLINE__IVR__V1__STEP_TAKEN__INIT;

        taken.flow = name;
        taken.step = text(flow->steps[r->taken[i]].id.s);
        taken.kind = text(ivr_kind_name(flow->steps[r->taken[i]].kind));
        err = emit(events, s, THREADLINE__IVR__V1__IVR_EVENT__EVENT_STEP_TAKEN, &taken);
    }
    finished.result = text(r->closed ? "close" : "enqueue");
    finished.queue = text(r->queue.s);
    if (!err)
        err = emit(events, s, THREADLINE__IVR__V1__IVR_EVENT__EVENT_FLOW_FINISHED, &finished);
    return err;
}
