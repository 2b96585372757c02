/**
 * @file rules.h  Whom to invite: compiled invitation rules against the state of a visit.
 * Pure: the same visit, supply and time give the same invitation.
 *
 * A rule fires when every condition it names holds, at most once per visit, never after the visitor
 * dismissed it, and not within its cool-down after any other invitation.  Rules are tried in the
 * order of the file; the first that fires wins.  A channel is offered only while its queue is
 * staffed and its expected wait is short enough, by a supply that is not older than
 * CLICKSTREAM_SUPPLY_FRESH: no promise is made on old news.
 */
#ifndef CLICKSTREAM_RULES_H
#define CLICKSTREAM_RULES_H

#include "visit.h"

#define CLICKSTREAM_RULES_MAX    64
#define CLICKSTREAM_WORDS_MAX    16 /**< sections or tiers of one rule */
#define CLICKSTREAM_CHANNELS_MAX 4
/** Queues that rules can offer; what is said of others is not kept. */
#define CLICKSTREAM_QUEUES_MAX   (CLICKSTREAM_RULES_MAX * CLICKSTREAM_CHANNELS_MAX)
#define CLICKSTREAM_SUPPLY_FRESH TL_SEC(5)

/** A channel a rule offers, and the queue that would answer it. */
struct clickstream_channel {
    char name[16]; /**< "video", "voice", "chat" */
    struct tl_id queue;
};

struct clickstream_rule {
    struct tl_id id; /**< of the invitation */
    struct tl_id name;
    char title[120];
    char text[400];
    struct clickstream_channel channels[CLICKSTREAM_CHANNELS_MAX];
    size_t n_channels;
    struct tl_id sections[CLICKSTREAM_WORDS_MAX]; /**< any of; none: everywhere */
    size_t n_sections;
    struct tl_id tiers[CLICKSTREAM_WORDS_MAX]; /**< any of, "anonymous": nobody known; none: all */
    size_t n_tiers;
    int64_t basket_min_minor; /**< 0: no condition */
    char currency[4];         /**< of basket_min_minor; empty: any */
    tl_dur time_on_page;      /**< at least */
    tl_dur time_on_site;      /**< at least */
    int64_t pages_min;        /**< at least */
    tl_dur expected_wait_max; /**< -1: no condition, the queue need only be staffed */
    tl_dur cool_down;         /**< since the last invitation of any rule */
};

struct clickstream_rules {
    struct clickstream_rule rule[CLICKSTREAM_RULES_MAX];
    size_t n;
    char hash[16]; /**< of the text they come from */
};

struct clickstream_queue {
    struct tl_id name;
    int32_t staffed;
    int32_t idle;
    tl_dur expected_wait; /**< -1: nobody can say */
};

/** What the ACD said last. */
struct clickstream_supply {
    tl_time at; /**< when it arrived; 0: never */
    struct clickstream_queue queue[CLICKSTREAM_QUEUES_MAX];
    size_t n;
};

struct clickstream_invitation {
    const struct clickstream_rule *rule; /**< borrowed from the rules; NULL: no invitation */
    const char *channels[CLICKSTREAM_CHANNELS_MAX]; /**< those available now, borrowed */
    size_t n_channels;
};

/** Does any rule offer a channel that this queue answers?  rules may be NULL: no. */
bool clickstream_rules_offer(const struct clickstream_rules *rules, const struct tl_id *queue);

/** The first rule that fires, or ret->rule NULL. */
void clickstream_rules_match(const struct clickstream_rules *rules,
                             const struct clickstream_visit *v,
                             const struct clickstream_visitor *visitor,
                             const struct clickstream_supply *supply, tl_time now,
                             struct clickstream_invitation *ret);

/** Why a rule does not fire, in words for a developer; NULL: it fires. */
const char *clickstream_rule_obstacle(const struct clickstream_rule *rule,
                                      const struct clickstream_visit *v,
                                      const struct clickstream_visitor *visitor,
                                      const struct clickstream_supply *supply, tl_time now);

#endif
