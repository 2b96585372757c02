/**
 * @file relay_janus.c  The dialogues with Janus, one function for each answer.
 *
 *   audio    attach, generate (browser's offer -> plain RTP), plane peer, process -> answer
 *   picture  create room, attach, joinandconfigure -> answer
 *   view     attach, join as subscriber -> offer to the customer; later start with its answer
 *
 * Any answer may find that the core let the leg go meanwhile (work->let_go): then only the handle
 * is given back.
 */
#include "core/sdp.h"
#include "relay_inner.h"

#include <tl_log.h>
#include <tl_mem.h>

/* ---- asking ------------------------------------------------------------------------------- */

static void ask(struct work *w, const char *kind, json_t *fields, janus_reply_fn *fn)
{
    w->asked++;
    janus_request(w->relay->janus, kind, w->handle, fields, fn, w);
}

json_t *plugin_message(json_t *body, const char *sdp_type, const char *sdp)
{
    json_t *fields = json_pack("{s:o}", "body", body);

    if (sdp)
        json_object_set_new(fields, "jsep", json_pack("{s:s, s:s}", "type", sdp_type, "sdp", sdp));
    return fields;
}

/* An answer is here: true when there is something to do with it. */
static bool go_on(struct work *w, int err, const json_t *m, const char *step)
{
    w->asked--;
    if (w->let_go) {
        work_release(w);
        return false;
    }
    if (!err)
        return true;
    if (err != -ECONNRESET) /* Janus's death is told once, elsewhere */
        tl_warn("janus refused a step, the leg is given up", TL_S("step", step),
                TL_S("leg_id", w->leg.s), TL_E(err),
                TL_I("code", janus_plugin_error(m) ? janus_plugin_error(m)
                                                   : json_integer_value(json_object_get(
                                                         json_object_get(m, "error"), "code"))));
    work_failed(w, 503, "the media server could not set up the leg");
    return false;
}

static bool attached(struct work *w, int err, const json_t *m)
{
    if (!err) /* also when let go: it has to be detached */
        w->handle = (uint64_t)json_integer_value(json_object_get(json_object_get(m, "data"), "id"));
    if (!go_on(w, err, m, "attach"))
        return false;
    fact_leg(w->relay, LEGS_ATTACHED, &w->leg, w->handle, "");
    return true;
}

static void attach(struct work *w, const char *plugin, janus_reply_fn *fn)
{
    ask(w, "attach", json_pack("{s:s, s:s}", "plugin", plugin, "opaque_id", w->leg.s), fn);
}

/* The browser's answer is known: say so and keep it for a repeated offer. */
static void give_answer(struct work *w, const json_t *m)
{
    const char *sdp = janus_sdp(m);

    if (!sdp) {
        work_failed(w, 422, "the media server found nothing to answer in the offer");
        return;
    }
    w->answer = tl_copy(sdp, strlen(sdp));
    w->offer = tl_free(w->offer);
    w->relay->ops.answered(w->relay->arg, &w->leg, 0, "", sdp);
}

/* ---- audio -------------------------------------------------------------------------------- */

static void on_processed(void *arg, int err, const json_t *m)
{
    struct work *w = arg;

    if (go_on(w, err, m, "process"))
        give_answer(w, m);
}

/* The plane's port is open and connected: now Janus may know it. */
static void on_peer(void *arg, int err, struct tl_str answer)
{
    struct work *w = arg;
    struct sdp_rtp theirs;
    struct tl_buf sdp = TL_BUF(8192);
    int64_t port = 0;

    if (!err)
        err = tl_str_int(answer, 1, 65535, &port);
    if (!go_on(w, err, NULL, "peer"))
        return;
    err = sdp_read_rtp(&theirs, tl_str(w->rtp));
    if (!err)
        err = sdp_write_rtp(&sdp, &theirs, (uint16_t)port);
    w->rtp = tl_free(w->rtp);
    if (err)
        work_failed(w, 503, "no answer could be written");
    else
        ask(w, "message",
            plugin_message(json_pack("{s:s, s:s, s:s, s:s}", "request", "process", "type", "answer",
                                     "info", w->leg.s, "sdp", sdp.p),
                           NULL, NULL),
            on_processed);
    tl_buf_done(&sdp);
}

static void on_generated(void *arg, int err, const json_t *m)
{
    struct work *w = arg;
    const json_t *result = json_object_get(janus_plugin_data(m), "result");
    const char *sdp = json_string_value(json_object_get(result, "sdp"));
    struct sdp_rtp theirs;

    if (!go_on(w, err, m, "generate"))
        return;
    if (!sdp || sdp_read_rtp(&theirs, tl_str(sdp)) || !(w->rtp = tl_copy(sdp, strlen(sdp)))) {
        work_failed(w, 422, "sdp: no Opus audio in the offer");
        return;
    }
    w->asked++;
    plane_ask(w->relay->plane, on_peer, w, "peer %s %u %u %u %u %u %u", w->key, theirs.port,
              theirs.opus_pt, theirs.pcmu_pt, theirs.dtmf_pt[0], theirs.dtmf_pt[1],
              theirs.level_id);
}

static void on_nosip(void *arg, int err, const json_t *m)
{
    struct work *w = arg;

    if (attached(w, err, m))
        ask(w, "message",
            plugin_message(json_pack("{s:s, s:s}", "request", "generate", "info", w->leg.s),
                           "offer", w->offer),
            on_generated);
}

/* ---- pictures ----------------------------------------------------------------------------- */

static void on_published(void *arg, int err, const json_t *m)
{
    struct work *w = arg;

    if (go_on(w, err, m, "publish"))
        give_answer(w, m);
}

static void on_publisher(void *arg, int err, const json_t *m)
{
    struct work *w = arg;

    if (attached(w, err, m))
        ask(w, "message",
            plugin_message(json_pack("{s:s, s:s, s:s, s:s}", "request", "joinandconfigure", "ptype",
                                     "publisher", "room", w->contact.s, "id", w->leg.s),
                           "offer", w->offer),
            on_published);
}

static void on_room(void *arg, int err, const json_t *m)
{
    struct work *w = arg;

    if (err == -EPROTO && janus_plugin_error(m) == 427)
        err = 0; /* the room exists: good */
    if (go_on(w, err, m, "create"))
        attach(w, "janus.plugin.videoroom", on_publisher);
}

static void make_room(struct work *w)
{
    struct relay *r = w->relay;
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:b, s:b}", "request", "create", "admin_key",
                  r->room_key, "room", w->contact.s, "videocodec", "vp8,h264", "publishers", 4,
                  "bitrate", 1200000, "fir_freq", 10, "is_private", 1, "permanent", 0);

    w->asked++;
    janus_request(r->janus, "message", r->rooms, plugin_message(body, NULL, NULL), on_room, w);
}

/* ---- views -------------------------------------------------------------------------------- */

static void on_subscribed(void *arg, int err, const json_t *m)
{
    struct work *w = arg;
    struct legs_decision d = {
        .leg = w->leg, .contact = w->contact, .session = w->session, .shows = w->shows};

    if (!go_on(w, err, m, "subscribe"))
        return;
    if (janus_sdp(m))
        w->relay->ops.offer_view(w->relay->arg, &d, janus_sdp(m));
    else
        work_failed(w, 503, "nothing to see");
}

static void on_subscriber(void *arg, int err, const json_t *m)
{
    struct work *w = arg;

    if (attached(w, err, m))
        ask(w, "message",
            plugin_message(json_pack("{s:s, s:s, s:s, s:[{s:s}]}", "request", "join", "ptype",
                                     "subscriber", "room", w->contact.s, "streams", "feed",
                                     w->feed.s),
                           NULL, NULL),
            on_subscribed);
}

void work_view(struct work *w)
{
    attach(w, "janus.plugin.videoroom", on_subscriber);
}

static void on_started(void *arg, int err, const json_t *m)
{
    (void)go_on(arg, err, m, "start");
}

void work_answer(struct work *w, const char *sdp)
{
    ask(w, "message", plugin_message(json_pack("{s:s}", "request", "start"), "answer", sdp),
        on_started);
}

void work_start(struct work *w)
{
    if (w->media == LEGS_AUDIO)
        attach(w, "janus.plugin.nosip", on_nosip);
    else
        make_room(w);
}
