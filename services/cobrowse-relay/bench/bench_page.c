/*
 * What it costs to show a page to somebody else, beside a bare epoll relay between two sockets that
 * looks at nothing: a change, a whole picture, and the agent's pointer; how long they take; what a
 * room and what its page keep in memory.
 *
 * The relay reads each frame of a customer to its end (that no script, no handler and no unknown
 * node passes is its promise) and keeps what it has shown, so it costs more than passing bytes on.
 */
#include "../../kit/bench/bare.h"
#include "../../kit/bench/compare.h"
#include "stage.h"

#include <tl_clock.h>

enum {
    NODES = 500, /* of a picture */
    SLICE = 1000,
    SLICES = 4,
    BURST = 100,
    PICTURES = 100, /* of a slice */
    TEXT_MOST = 192 * 1024,
    A_SECOND = 150 /* frames of one browser; the limit is 200, and twice that at once */
};

enum what { CHANGE, PICTURE, POINTER };

struct page {
    int customer, agent;
    unsigned seq;
};

struct road {
    pid_t pid;
    struct page pages[ROOMS];
    enum what what;
    unsigned turn;
    unsigned long passed;
    tl_time since, alive;
};

static struct road relay, bare;
static char text[TEXT_MOST], picture[TEXT_MOST - 100];

/* ---- frames, as rrweb has them ---- */

/* A page of cards: each an element with attributes and a masked text. */
static void picture_draw(void)
{
    char *at = picture, *end = picture + sizeof(picture);

    at +=
        snprintf(at, (size_t)(end - at),
                 "{\"node\":{\"type\":0,\"id\":1,\"childNodes\":[{\"type\":2,\"tagName\":\"body\","
                 "\"attributes\":{\"class\":\"shop\"},\"id\":2,\"childNodes\":[");
    for (int i = 0; i < NODES / 2; i++)
        at +=
            snprintf(at, (size_t)(end - at),
                     "%s{\"type\":2,\"tagName\":\"div\",\"attributes\":{\"class\":\"card wide\","
                     "\"data-id\":\"p-%d\",\"style\":\"color: var(--text); padding: 4px\"},"
                     "\"childNodes\":[{\"type\":3,\"textContent\":\"A tent for two, \\u2022\\u2022"
                     "\\u2022\\u2022 and a stove\",\"id\":%d}],\"id\":%d}",
                     i ? "," : "", i, 4 + 2 * i, 3 + 2 * i);
    (void)snprintf(at, (size_t)(end - at), "]}]},\"initialOffset\":{\"left\":0,\"top\":0}}");
}

static void write_text(enum what what, unsigned seq)
{
    unsigned node = 3 + 2 * (seq % (NODES / 2));

    switch (what) {
    case PICTURE:
        snprintf(text, sizeof(text),
                 "{\"t\":\"full\",\"seq\":%u,\"d\":{\"type\":2,\"data\":%s,\"timestamp\":1}}", seq,
                 picture);
        break;
    case CHANGE:
        if (seq % 2)
            snprintf(
                text, sizeof(text),
                "{\"t\":\"ev\",\"seq\":%u,\"d\":{\"type\":3,\"data\":{\"source\":0,\"texts\":["
                "{\"id\":%u,\"value\":\"two in your basket\"}],\"attributes\":[{\"id\":%u,"
                "\"attributes\":{\"class\":\"card wide chosen\"}}],\"removes\":[],\"adds\":[]},"
                "\"timestamp\":1790000000000}}",
                seq, node + 1, node);
        else
            snprintf(
                text, sizeof(text),
                "{\"t\":\"ev\",\"seq\":%u,\"d\":{\"type\":3,\"data\":{\"source\":1,"
                "\"positions\":[{\"x\":120,\"y\":340,\"id\":%u,\"timeOffset\":-450},{\"x\":130,"
                "\"y\":342,\"id\":%u,\"timeOffset\":-400},{\"x\":141,\"y\":350,\"id\":%u,"
                "\"timeOffset\":-350}]},\"timestamp\":1790000000000}}",
                seq, node, node, node);
        break;
    case POINTER: snprintf(text, sizeof(text), "{\"t\":\"pointer\",\"x\":%u,\"y\":7}", seq); break;
    }
}

static void begins(struct page *p, enum what what)
{
    static uint8_t frame[TEXT_MOST + FRAME_HEAD];

    write_text(what, what == POINTER ? p->seq : ++p->seq);
    say(what == POINTER ? p->agent : p->customer, (char *)frame,
        frame_write(frame, TL_WS_TEXT, text));
}

/* The frame that was sent; what the relay says by itself before it is passed over. */
static void ends(const struct page *p, enum what what)
{
    static char in[TEXT_MOST + 1024];
    const char *mark = what == POINTER   ? "{\"t\":\"pointer\""
                       : what == PICTURE ? "{\"t\":\"full\""
                                         : "{\"t\":\"ev\"";
    int fd = what == POINTER ? p->customer : p->agent;
    size_t n = 0, at = 0;

    for (;;) {
        struct tl_ws_head h;
        ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

        if (got <= 0)
            die("frame");
        n += (size_t)got;
        while (tl_ws_head_parse(&h, (uint8_t *)in + at, n - at) == 1 &&
               h.head_size + h.length <= n - at) {
            const char *said = in + at + h.head_size;

            at += h.head_size + h.length;
            if (h.op == TL_WS_CLOSE)
                die("closed");
            if (h.op == TL_WS_TEXT && h.length > strlen(mark) &&
                memcmp(said, mark, strlen(mark)) == 0) {
                if (at != n)
                    die("more than was sent");
                return;
            }
        }
    }
}

/* ---- roads ---- */

static double pass(void *arg, unsigned n, unsigned at_once, double *ret_ms)
{
    struct road *r = arg;
    double before = cpu_us(r->pid);

    for (unsigned i = 0; i < n; i += at_once) {
        unsigned first = r->turn;
        tl_time began = tl_clock_mono();

        for (unsigned k = 0; k < at_once; k++)
            begins(&r->pages[r->turn++ % ROOMS], r->what);
        for (unsigned k = 0; k < at_once; k++)
            ends(&r->pages[(first + k) % ROOMS], r->what);
        if (ret_ms)
            *ret_ms++ = (double)(tl_clock_mono() - began) / 1000;
    }
    r->passed += n;
    return (cpu_us(r->pid) - before) / n;
}

/* Also says that everybody lives: who is not heard for 45 s is given up. */
static void rest(void *arg)
{
    struct road *r = arg;
    tl_time now = tl_clock_mono(), due;

    if (!r->since)
        r->since = now;
    due = r->since + (tl_dur)(1e6 * ((double)r->passed / ROOMS - 2 * A_SECOND) / A_SECOND);
    if (due > now)
        usleep((useconds_t)(due - now));
    if (now - r->alive > TL_SEC(10)) {
        for (int i = 0; i < ROOMS; i++) {
            say_alive(r->pages[i].customer);
            say_alive(r->pages[i].agent);
        }
        r->alive = now;
    }
}

static struct compared measure(enum what what, unsigned slice, unsigned at_once, double *ret_ms)
{
    const struct side a = {pass, rest, &relay}, b = {pass, rest, &bare};

    relay.what = bare.what = what;
    return compare(&a, &b, slice, SLICES, at_once, ret_ms);
}

static void show(const char *name, enum what what, unsigned slice)
{
    static double ms[PAIRS * SLICES * SLICE];
    struct compared c = measure(what, slice, 1, ms);
    size_t n = (size_t)PAIRS * SLICES * slice, bytes = strlen(text);

    printf("%s_ratio_to_bare_relay=%.2f (%.2f us, bare %.2f us, one at a time, %zu bytes, median "
           "of %d pairs of %u, load %.1f)\n",
           name, c.ratio, c.cost, c.floor, bytes, PAIRS, slice * SLICES, load_now());
    printf("%s_p50_ms=%.3f %s_p99_ms=%.3f (%d rooms)\n", name, at_percent(ms, n, 50), name,
           at_percent(ms, n, 99), ROOMS);
    if (what == PICTURE) {
        printf("%s_mib_per_cpu_s=%.0f\n", name, (double)bytes / c.cost * 1e6 / (1 << 20));
        return;
    }
    c = measure(what, slice, BURST, NULL);
    printf("%s_burst_ratio_to_bare_relay=%.2f %s_per_cpu_s=%.0f (%.2f us, bare %.2f us, %d at "
           "once)\n",
           name, c.ratio, name, 1e6 / c.cost, c.cost, c.floor, BURST);
}

/* ---- memory ---- */

static double fill(struct road *r, const struct process *p, bool bare_one)
{
    double empty;

    r->pid = p->pid;
    usleep(200000);
    empty = resident(p->pid);
    for (int i = 0; i < ROOMS; i++) {
        r->pages[i].customer = bare_one ? dial(p->port) : come(p->port, &stage_rooms[i].tickets[0]);
        r->pages[i].agent = bare_one ? dial(p->port) : come(p->port, &stage_rooms[i].tickets[1]);
    }
    r->alive = tl_clock_mono();
    sleep(1);
    return (resident(p->pid) - empty) / ROOMS;
}

static double show_all(struct road *r)
{
    double before = resident(r->pid);

    for (int i = 0; i < ROOMS; i++) {
        begins(&r->pages[i], PICTURE);
        ends(&r->pages[i], PICTURE);
    }
    return (resident(r->pid) - before) / ROOMS;
}

int main(void)
{
    struct process relay_process, bare_process;
    double bytes, bare_bytes;

    stage_set();
    picture_draw();
    relay_process = process_start(serve_relay);
    bare_process = process_start(serve_bare_relay);
    bytes = fill(&relay, &relay_process, false);
    bare_bytes = fill(&bare, &bare_process, true);
    printf("idle_bytes_per_room=%.0f (bare relay %.0f; %d rooms, both sides there)\n", bytes,
           bare_bytes, ROOMS);
    bytes = show_all(&relay);
    bare_bytes = show_all(&bare);
    printf("page_bytes_ratio_to_picture=%.2f (%.0f bytes for a picture of %zu; bare relay %.0f)\n",
           bytes / (double)strlen(text), bytes, strlen(text), bare_bytes);

    show("change", CHANGE, SLICE);
    show("pointer", POINTER, SLICE);
    show("picture", PICTURE, PICTURES);

    process_end(&relay_process);
    process_end(&bare_process);
    return 0;
}
