/*
 * What it costs to relay one message from session to session, beside a bare epoll echo in the same
 * run; and how long the message takes with 1000 active sessions.
 *
 * Two talk to each other, so what is measured goes both ways by turns: then each TCP connection
 * carries as much one way as the other, like an echo's, and acknowledgements ride on messages.  One
 * way only, TCP must acknowledge by itself, which costs the kernel a packet more for each message,
 * whoever relays: the bare relay between two sockets shows what of the ratio that is.
 */
#include "roads.h"

enum { ACTIVE = 1000 };

static struct person people[ACTIVE];

static void print(const char *name, const struct compared *c, const char *which)
{
    printf("%s=%.2f (%.2f us, bare echo %.2f us, %s, median of %d pairs of %d messages, "
           "load %.1f)\n",
           name, c->ratio, c->cost, c->floor, which, PAIRS, SLICE * SLICES, load_now());
}

static void measure(const char *name, struct road *r, struct road *echo)
{
    static double ms[PAIRS * SLICES * SLICE];
    char full[80];
    struct compared c = road_compare(r, echo, 1, ms);

    snprintf(full, sizeof(full), "%s_ratio_to_bare_epoll", name);
    print(full, &c, "one at a time");
    printf("%s_p50_ms=%.3f %s_p99_ms=%.3f (%d sockets)\n", name, at_percent(ms, TL_LEN(ms), 50),
           name, at_percent(ms, TL_LEN(ms), 99), ACTIVE);
    c = road_compare(r, echo, BURST, NULL);
    snprintf(full, sizeof(full), "%s_burst_ratio_to_bare_epoll", name);
    print(full, &c, "100 at once");
}

int main(void)
{
    struct process gateway, bare_echo, bare_relay, keeper;
    struct road relay = {0}, one_way = {0}, by_bus = {0}, echo = {0}, floor = {0}, floor_one = {0};
    struct compared c;

    if (!stage_set())
        return 0;
    gateway = process_start(serve_gateway);
    bare_echo = process_start(serve_bare_echo);
    bare_relay = process_start(serve_bare_relay);
    come_in_pairs(people, ACTIVE, gateway.port);
    keeper = keep_alive(people, ACTIVE);
    relay.pid = one_way.pid = by_bus.pid = gateway.pid;
    echo.pid = bare_echo.pid;
    floor.pid = floor_one.pid = bare_relay.pid;
    for (int way = 0; way < 2; way++) {
        for (int i = 0; i < ACTIVE; i += 2) {
            const struct person *from = &people[i + way], *to = &people[i + !way];

            road_add_typing(&relay, from->fd, to->fd, from->contact);
            if (way == 0) {
                road_add_typing(&one_way, from->fd, to->fd, from->contact);
                road_add_by_bus(&by_bus, from->fd, to->fd, from->contact);
            }
        }
    }
    for (int i = 0; i < ACTIVE; i += 2) {
        int there = dial(bare_relay.port), back = dial(bare_relay.port);
        int a = dial(bare_echo.port), b = dial(bare_echo.port);

        road_add_typing(&echo, a, a, people[i].contact);
        road_add_typing(&echo, b, b, people[i].contact);
        road_add_typing(&floor_one, there, back, people[i].contact);
    }
    for (int way = 0; way < 2; way++)
        for (unsigned i = 0; i < floor_one.n; i++) {
            const struct trip *t = &floor_one.trips[i];

            road_add_typing(&floor, way ? t->to : t->from, way ? t->from : t->to, t->mark);
        }

    measure("relay", &relay, &echo);
    measure("relay_one_way", &one_way, &echo);
    c = road_compare(&by_bus, &echo, BURST, NULL);
    print("relay_by_bus_burst_ratio_to_bare_epoll", &c, "100 at once");
    measure("bare_relay", &floor, &echo);
    measure("bare_relay_one_way", &floor_one, &echo);

    process_end(&keeper);
    process_end(&gateway);
    process_end(&bare_echo);
    process_end(&bare_relay);
    stage_clear();
    return 0;
}
