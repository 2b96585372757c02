/**
 * @file wire_out.c  What the relay says by itself: pushes to browsers, its beat, its events.
 */
#include "wire.h"

#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/media/v1/events.pb-c.h>
#include <tl_pb.h>

#define MEDIA(name) Threadline__Media__V1__##name
#define SIG(name)   Threadline__Signaling__V1__##name

/* ---- pushes ------------------------------------------------------------------------------- */

int wire_push_view(struct tl_buf *out, const char *instance, const struct legs_decision *d,
                   const char *sdp)
{
    SIG(ServerMessage) m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    SIG(MediaOffer) offer = THREADLINE__SIGNALING__V1__MEDIA_OFFER__INIT;

    offer.instance = (char *)instance;
    offer.contact_id = (char *)d->contact.s;
    offer.leg_id = (char *)d->leg.s;
    offer.kind = THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_VIEW;
    if (d->shows == LEGS_CAMERA)
        offer.shows = THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_CAMERA;
    else if (d->shows == LEGS_SCREEN)
        offer.shows = THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_SCREEN;
    offer.sdp = (char *)sdp;
    m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MEDIA_OFFER;
    m.media_offer = &offer;
    return tl_pb_pack(&m, out);
}

int wire_push_closed(struct tl_buf *out, const char *instance, const struct legs_decision *d)
{
    SIG(ServerMessage) m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    SIG(MediaClose) closed = THREADLINE__SIGNALING__V1__MEDIA_CLOSE__INIT;

    closed.instance = (char *)instance;
    closed.contact_id = (char *)d->contact.s;
    closed.leg_id = (char *)d->leg.s;
    closed.reason = (char *)d->text;
    m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MEDIA_CLOSED;
    m.media_closed = &closed;
    return tl_pb_pack(&m, out);
}

int wire_push_reoffer(struct tl_buf *out, const char *instance, const char *reason)
{
    SIG(ServerMessage) m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    SIG(MediaReoffer) reoffer = THREADLINE__SIGNALING__V1__MEDIA_REOFFER__INIT;

    reoffer.instance = (char *)instance;
    reoffer.reason = (char *)reason;
    m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MEDIA_REOFFER;
    m.media_reoffer = &reoffer;
    return tl_pb_pack(&m, out);
}

int wire_beat(struct tl_buf *out, const char *instance, bool accepting, int legs, const char *boot)
{
    MEDIA(InstanceBeat) beat = THREADLINE__MEDIA__V1__INSTANCE_BEAT__INIT;

    beat.instance = (char *)instance;
    beat.accepting = accepting;
    beat.legs = legs;
    beat.boot = (char *)boot;
    return tl_pb_pack(&beat, out);
}

/* ---- events ------------------------------------------------------------------------------- */

#define EVENT_CASE(name) THREADLINE__MEDIA__V1__MEDIA_EVENT__EVENT_##name

static SIG(LegKind) kind_of(enum legs_kind kind)
{
    return (SIG(LegKind))kind; /* the same numbers, see legs.h */
}

static void leg_down(const struct legs_decision *d, const char *owner, wire_emit_fn *emit,
                     void *arg)
{
    MEDIA(MediaEvent) e = THREADLINE__MEDIA__V1__MEDIA_EVENT__INIT;
    MEDIA(LegDown) down = THREADLINE__MEDIA__V1__LEG_DOWN__INIT;
    MEDIA(LegQuality) quality = THREADLINE__MEDIA__V1__LEG_QUALITY__INIT;

    down.leg_id = (char *)d->leg.s;
    down.owner_id = (char *)owner;
    down.cause = (char *)d->text;
    e.event_case = EVENT_CASE(LEG_DOWN);
    e.leg_down = &down;
    emit(arg, &e.base);
    if (d->media != LEGS_AUDIO)
        return;
    quality.leg_id = (char *)d->leg.s;
    quality.packets = d->packets;
    quality.lost = d->lost;
    quality.jitter_ms = (double)d->jitter_us / 1000.0;
    e.event_case = EVENT_CASE(LEG_QUALITY);
    e.leg_quality = &quality;
    emit(arg, &e.base);
}

static void silence(const struct legs_decision *d, wire_emit_fn *emit, void *arg)
{
    MEDIA(MediaEvent) e = THREADLINE__MEDIA__V1__MEDIA_EVENT__INIT;
    MEDIA(MediaSilent) silent = THREADLINE__MEDIA__V1__MEDIA_SILENT__INIT;
    MEDIA(MediaBack) back = THREADLINE__MEDIA__V1__MEDIA_BACK__INIT;

    silent.leg_id = back.leg_id = (char *)d->leg.s;
    silent.silent_ms = back.silent_ms = d->n;
    if (d->kind == LEGS_TELL_SILENT) {
        e.event_case = EVENT_CASE(MEDIA_SILENT);
        e.media_silent = &silent;
    } else {
        e.event_case = EVENT_CASE(MEDIA_BACK);
        e.media_back = &back;
    }
    emit(arg, &e.base);
}

void wire_events(const struct legs_decision *d, wire_emit_fn *emit, void *arg)
{
    MEDIA(MediaEvent) e = THREADLINE__MEDIA__V1__MEDIA_EVENT__INIT;
    MEDIA(LegUp) up = THREADLINE__MEDIA__V1__LEG_UP__INIT;
    MEDIA(LegsConnected) connected = THREADLINE__MEDIA__V1__LEGS_CONNECTED__INIT;
    MEDIA(LegsDisconnected) disconnected = THREADLINE__MEDIA__V1__LEGS_DISCONNECTED__INIT;
    MEDIA(InstanceRestarted) restarted = THREADLINE__MEDIA__V1__INSTANCE_RESTARTED__INIT;
    const char *owner = tl_id_empty(&d->agent) ? d->session.s : d->agent.s;

    switch (d->kind) {
    case LEGS_TELL_UP:
        up.leg_id = (char *)d->leg.s;
        up.owner_id = (char *)owner;
        up.kind = kind_of(d->media);
        up.setup_ms = d->n;
        e.event_case = EVENT_CASE(LEG_UP);
        e.leg_up = &up;
        break;
    case LEGS_TELL_DOWN: leg_down(d, owner, emit, arg); return;
    case LEGS_TELL_CONNECTED:
        connected.agent_id = (char *)d->agent.s;
        e.event_case = EVENT_CASE(LEGS_CONNECTED);
        e.legs_connected = &connected;
        break;
    case LEGS_TELL_DISCONNECTED:
        disconnected.agent_id = (char *)d->agent.s;
        e.event_case = EVENT_CASE(LEGS_DISCONNECTED);
        e.legs_disconnected = &disconnected;
        break;
    case LEGS_TELL_SILENT:
    case LEGS_TELL_BACK: silence(d, emit, arg); return;
    case LEGS_TELL_RESTARTED:
        restarted.part = (char *)d->text;
        restarted.legs = (int32_t)d->n;
        e.event_case = EVENT_CASE(INSTANCE_RESTARTED);
        e.instance_restarted = &restarted;
        break;
    default: return;
    }
    emit(arg, &e.base);
}
