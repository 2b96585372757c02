/**
 * @file policy.h  The rules as a plain struct: queues, skills, agents and how to choose.
 * Adapters build it (adapters/policy_yaml.c); the core borrows it until it is exchanged.
 */
#ifndef ACD_POLICY_H
#define ACD_POLICY_H

#include "condition.h"
#include <tl_base.h>
#include <tl_id.h>

#define ACD_NEEDS_MAX    8    /**< skills one contact may require, and prefer */
#define ACD_RINGS_MAX    8    /**< relaxations of one queue */
#define ACD_LINES_MAX    4096 /**< distinct sets of requirements at once */
#define ACD_QUEUES_MAX   5000
#define ACD_SKILLS_MAX   4000
#define ACD_PRIORITY_MAX 1000 /**< priorities are -1000 to 1000; higher is served first */
#define ACD_CAPACITY_MAX 20

/** As threadline.common.v1.Channel. */
enum acd_channel {
    ACD_VIDEO = 1,
    ACD_VOICE,
    ACD_CHAT,
    ACD_PHONE,
    ACD_EMAIL,
    ACD_CALLBACK,
    ACD_CHANNELS
};

/** What occupies an agent: channels that count together. */
enum acd_load { ACD_LOAD_LIVE, ACD_LOAD_CHAT, ACD_LOAD_EMAIL, ACD_LOAD_CALLBACK, ACD_LOADS };

enum acd_agent_choice {
    ACD_LONGEST_IDLE,
    ACD_LEAST_OCCUPIED,
    ACD_MOST_SKILLED,
    ACD_ROUND_ROBIN,
    ACD_AGENT_CHOICES
};

enum acd_contact_choice {
    ACD_BY_PRIORITY, /**< higher priority first, then who came first */
    ACD_BY_AGEING,   /**< a step of priority is worth policy.ageing of waiting */
    ACD_BY_SLA,      /**< whose service level target is nearest; priority as with ageing */
    ACD_CONTACT_CHOICES
};

/** What becomes of a contact when nobody who could ever serve it is signed in. */
enum acd_no_staff { ACD_STAFF_WAIT, ACD_STAFF_CLOSE, ACD_STAFF_OVERFLOW };

struct acd_need {
    uint16_t skill;
    uint8_t least; /**< proficiency 1 to 5 */
};

/** A relaxation: from `after` in the queue on, needs count `by` less, and `drop` not at all. */
struct acd_ring {
    tl_dur after;
    uint8_t by;
    uint8_t n_drop;
    bool drop_all;
    uint16_t drop[ACD_NEEDS_MAX];
};

struct acd_queue_policy {
    struct tl_id name;
    enum acd_agent_choice choice;
    enum acd_no_staff no_staff;
    tl_dur offer_timeout, wrap_up, preferred_timeout;
    tl_dur service_target; /**< for ACD_BY_SLA and the formulas */
    tl_dur handle_time;    /**< first guess of talk and wrap-up, until measured */
    tl_dur max_wait;       /**< 0: none */
    tl_dur overflow_after; /**< 0: none, or at once where there is a condition */
    uint32_t overflow_to;  /**< index, or UINT32_MAX */
    struct acd_condition overflow_when;
    struct tl_id interflow_to; /**< another partition takes it after overflow_after; empty: none */
    uint32_t max_waiting;
    uint32_t weight; /**< share between queues under fairness, 1 to 100 */
    uint8_t n_rings;
    struct acd_ring rings[ACD_RINGS_MAX];
    uint8_t n_required; /**< every contact of this queue needs these as well */
    struct acd_need required[ACD_NEEDS_MAX];
    bool manual; /**< agents pick by hand */
    bool closed; /**< at the start; hours are facts later */
};

struct acd_skill_of {
    uint16_t skill;
    uint8_t level; /**< 1 to 5 */
};

struct acd_agent_profile {
    struct tl_id id, team;
    const char *display_name;
    const struct acd_skill_of *skills; /**< ascending */
    const uint16_t *queues;            /**< ascending */
    uint16_t n_skills, n_queues;
    uint8_t capacity[ACD_LOADS];
};

struct acd_policy {
    char hash[16];
    uint32_t n_queues, n_skills, n_agents;
    const struct acd_queue_policy *queues;
    const struct tl_id *skills;
    const struct acd_agent_profile *agents;
    enum acd_contact_choice contact_choice;
    bool fair;            /**< between queues, by weight */
    tl_dur ageing;        /**< waiting that one step of priority is worth */
    tl_dur retry_refused; /**< an agent who refused a contact is asked again after this */
    tl_dur look_back;     /**< who spoke with a customer so lately is preferred; 0: nobody is */
    tl_dur lease;         /**< an agent unseen for this long is lost */
    uint8_t rona_limit;   /**< missed offers in a row until the agent is not ready */
    bool yields[ACD_LOADS]
               [ACD_LOADS]; /**< [has][comes]: the first may be interrupted by the second */
};

/** Which load a channel is. */
static inline enum acd_load acd_load_of(enum acd_channel c)
{
    switch (c) {
    case ACD_CHAT: return ACD_LOAD_CHAT;
    case ACD_EMAIL: return ACD_LOAD_EMAIL;
    case ACD_CALLBACK: return ACD_LOAD_CALLBACK;
    default: return ACD_LOAD_LIVE;
    }
}

#endif
