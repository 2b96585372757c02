/**
 * @file sdp.c  One pass over the lines; nothing is trusted to be there.
 */
#include "core/sdp.h"

static bool next_line(struct tl_str *rest, struct tl_str *ret)
{
    if (rest->n == 0)
        return false;
    tl_str_split(rest, '\n', ret);
    if (ret->n && ret->s[ret->n - 1] == '\r')
        ret->n--;
    return true;
}

static bool cut(struct tl_str *line, const char *prefix)
{
    size_t n = strlen(prefix);

    if (!tl_str_starts(*line, tl_str(prefix)))
        return false;
    line->s += n;
    line->n -= n;
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* "sha-256 AB:CD:..." with as many bytes as the hash has */
static bool fingerprint_ok(struct tl_str value)
{
    static const struct {
        const char *name;
        size_t bytes;
    } hashes[] = {
        {"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};
    struct tl_str name = {0};

    tl_str_split(&value, ' ', &name);
    for (size_t i = 0; i < TL_LEN(hashes); i++) {
        if (!tl_str_ieq(name, tl_str(hashes[i].name)))
            continue;
        if (value.n != hashes[i].bytes * 3 - 1)
            return false;
        for (size_t k = 0; k < value.n; k++)
            if (k % 3 == 2 ? value.s[k] != ':' : !is_hex(value.s[k]))
                return false;
        return true;
    }
    return false;
}

static bool line_ok(struct tl_str line)
{
    if (line.n < 2 || line.s[0] < 'a' || line.s[0] > 'z' || line.s[1] != '=')
        return false;
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.s[i] < ' ' && line.s[i] != '\t')
            return false;
    return true;
}

struct tally {
    int lines, media, candidates, wanted, fingerprints;
    bool ufrag, pwd, bad_fingerprint;
    bool in_wanted; /* in the first m-line of the wanted kind */
    bool not_sent;
};

static void count_line(struct tally *t, struct tl_str line, const char *media)
{
    if (cut(&line, "m=")) {
        t->media++;
        t->in_wanted = cut(&line, media) && cut(&line, " ") && t->wanted == 0;
        t->wanted += t->in_wanted;
    } else if (tl_str_eq(line, TL_STR("a=recvonly")) || tl_str_eq(line, TL_STR("a=inactive"))) {
        t->not_sent |= t->in_wanted || t->media == 0; /* or for the whole session */
    } else if (cut(&line, "a=candidate:")) {
        t->candidates++;
    } else if (cut(&line, "a=ice-ufrag:")) {
        t->ufrag = line.n >= 4 && line.n <= 256;
    } else if (cut(&line, "a=ice-pwd:")) {
        t->pwd = line.n >= 22 && line.n <= 256;
    } else if (cut(&line, "a=fingerprint:")) {
        t->fingerprints++;
        t->bad_fingerprint |= !fingerprint_ok(line);
    }
}

enum sdp_fault sdp_check(struct tl_str sdp, const char *media, bool sends)
{
    struct tl_str rest = sdp, line;
    struct tally t = {0};

    if (sdp.n > SDP_MAX_BYTES)
        return SDP_TOO_LONG;
    if (!tl_str_starts(sdp, TL_STR("v=0\r\n")) && !tl_str_starts(sdp, TL_STR("v=0\n")))
        return SDP_MALFORMED;
    while (next_line(&rest, &line)) {
        if (++t.lines > SDP_MAX_LINES)
            return SDP_TOO_MANY_LINES;
        if (!line_ok(line))
            return SDP_MALFORMED;
        count_line(&t, line, media);
        if (t.media > SDP_MAX_MEDIA)
            return SDP_TOO_MANY_MEDIA;
        if (t.candidates > SDP_MAX_CANDIDATES)
            return SDP_TOO_MANY_CANDIDATES;
    }
    if (t.wanted == 0)
        return SDP_NO_MEDIA;
    if (t.fingerprints == 0 || t.bad_fingerprint)
        return SDP_FINGERPRINT;
    if (!t.ufrag || !t.pwd)
        return SDP_ICE;
    return sends && t.not_sent ? SDP_NOT_SENT : SDP_FINE;
}

const char *sdp_fault_text(enum sdp_fault fault)
{
    switch (fault) {
    case SDP_FINE: return "fine";
    case SDP_TOO_LONG: return "sdp: longer than 64 KiB";
    case SDP_TOO_MANY_LINES: return "sdp: more than 1000 lines";
    case SDP_TOO_MANY_MEDIA: return "sdp: more than 32 m-lines";
    case SDP_TOO_MANY_CANDIDATES: return "sdp: more than 100 candidates";
    case SDP_MALFORMED: return "sdp: malformed";
    case SDP_NO_MEDIA: return "sdp: no m-line of the kind that the leg is for";
    case SDP_FINGERPRINT: return "sdp: no fingerprint, or a bad one";
    case SDP_ICE: return "sdp: no ice-ufrag or ice-pwd";
    case SDP_NOT_SENT: return "sdp: nothing would be sent";
    }
    return "sdp";
}

const char *sdp_fault_class(enum sdp_fault fault)
{
    static const char *const names[] = {"fine",       "oversize",  "lines",    "m_lines",
                                        "candidates", "malformed", "no_media", "fingerprint",
                                        "ice",        "not_sent"};

    return (size_t)fault < TL_LEN(names) ? names[fault] : "other";
}

/* "111 opus/48000/2": note the payload types that we know what to do with */
static void read_rtpmap(struct sdp_rtp *r, struct tl_str value)
{
    struct tl_str number = {0};
    int64_t pt;

    tl_str_split(&value, ' ', &number);
    if (tl_str_int(number, 0, 127, &pt))
        return;
    if (tl_str_ieq(value, TL_STR("opus/48000/2")) && r->opus_pt == 255)
        r->opus_pt = (uint8_t)pt;
    else if (tl_str_ieq(value, TL_STR("PCMU/8000")))
        r->pcmu_pt = (uint8_t)pt;
    else if (tl_str_ieq(value, TL_STR("telephone-event/48000")))
        r->dtmf_pt[0] = (uint8_t)pt;
    else if (tl_str_ieq(value, TL_STR("telephone-event/8000")))
        r->dtmf_pt[1] = (uint8_t)pt;
}

static void read_extmap(struct sdp_rtp *r, struct tl_str value)
{
    struct tl_str id = {0}, direction = {0};
    int64_t number;

    tl_str_split(&value, ' ', &id);
    tl_str_split(&id, '/', &direction); /* "1/sendonly": the number is before the slash */
    if (tl_str_int(direction, 1, 14, &number) == 0 &&
        tl_str_eq(value, TL_STR("urn:ietf:params:rtp-hdrext:ssrc-audio-level")))
        r->level_id = (uint8_t)number;
}

int sdp_read_rtp(struct sdp_rtp *ret, struct tl_str sdp)
{
    struct sdp_rtp r = {0, 255, 255, {255, 255}, 0};
    struct tl_str line;
    bool audio = false;

    while (next_line(&sdp, &line)) {
        if (cut(&line, "m=")) {
            struct tl_str port = {0};
            int64_t number;

            if (audio)
                break; /* only the first audio line counts */
            audio = cut(&line, "audio ");
            if (audio && tl_str_split(&line, ' ', &port) &&
                tl_str_int(port, 1, 65535, &number) == 0)
                r.port = (uint16_t)number;
        } else if (audio && cut(&line, "a=rtpmap:")) {
            read_rtpmap(&r, line);
        } else if (audio && cut(&line, "a=extmap:")) {
            read_extmap(&r, line);
        }
    }
    if (r.port == 0 || r.opus_pt == 255)
        return -EBADMSG;
    *ret = r;
    return 0;
}

int sdp_write_rtp(struct tl_buf *out, const struct sdp_rtp *theirs, uint16_t port)
{
    tl_buf_printf(out,
                  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                  "m=audio %u RTP/AVP %u",
                  port, theirs->opus_pt);
    for (int i = 0; i < 2; i++)
        if (theirs->dtmf_pt[i] != 255)
            tl_buf_printf(out, " %u", theirs->dtmf_pt[i]);
    tl_buf_printf(out, "\r\na=rtpmap:%u opus/48000/2\r\na=fmtp:%u minptime=10;useinbandfec=1\r\n",
                  theirs->opus_pt, theirs->opus_pt);
    for (int i = 0; i < 2; i++)
        if (theirs->dtmf_pt[i] != 255)
            tl_buf_printf(out, "a=rtpmap:%u telephone-event/%d\r\n", theirs->dtmf_pt[i],
                          i == 0 ? 48000 : 8000);
    if (theirs->level_id)
        tl_buf_printf(out, "a=extmap:%u urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
                      theirs->level_id);
    return tl_buf_puts(out, "a=sendrecv\r\na=ptime:20\r\n");
}
