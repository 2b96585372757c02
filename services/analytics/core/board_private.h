/**
 * @file board_private.h  Between board.c (facts in) and board_rows.c (numbers out).
 */
#ifndef ANALYTICS_BOARD_PRIVATE_H
#define ANALYTICS_BOARD_PRIVATE_H

#include "board.h"

#include <tl_list.h>
#include <tl_map.h>

struct queue {
    struct tl_entry entry;
    struct tl_id id;
    struct tl_list waiting;
    int32_t connected;
    struct analytics_row day; /**< counters only */
    int64_t waited_sum, handled, handle_sum;
    tl_dur expected_wait;
    struct analytics_forecast forecast;
};

struct agent {
    struct tl_entry entry;
    struct analytics_agent a;
    struct tl_id queues[ANALYTICS_AGENT_QUEUES];
    size_t n_queues;
};

enum contact_state { WAITING, CONNECTED, ENDED };

struct contact {
    struct tl_entry entry;
    struct tl_id id;
    struct queue *queue;
    enum contact_state state;
    bool answered;
    tl_time enqueued_at;
    tl_time ended_at;
    struct tl_link link; /**< of the queue's waiting, or of the ended */
};

struct sorted {
    struct tl_entry **rows;
    size_t n, cap;
};

struct analytics_board {
    struct tl_map queues, agents, contacts;
    struct sorted by_queue, by_agent;
    struct tl_list ended;
    tl_time day;
    uint64_t version;
};

#endif
