/**
 * @file flow.h  A flow: one document, walked for a contact until a queue or a goodbye.  Pure.
 *
 * A flow is compiled from YAML (flow_file.c) and checked before it is used: every step can be
 * reached, every path ends in a queue or a goodbye, no path comes back to where it was, and none
 * collects more announcements or skills than a contact can have.  On the web nothing is asked: the
 * section of the site is the menu choice.
 */
#ifndef IVR_FLOW_H
#define IVR_FLOW_H

#include <tl_id.h>

#define IVR_STEPS_MAX 128
#define IVR_ARMS_MAX  512
#define IVR_HOURS_MAX 16
#define IVR_LIST_MAX  8

/** Numbers as in threadline.common.v1.Channel (checked in wire.c). */
enum ivr_channel { IVR_VIDEO = 1, IVR_VOICE, IVR_CHAT, IVR_PHONE };

struct ivr_list {
    int n;
    struct tl_id at[IVR_LIST_MAX];
};

/** When somebody is there, in a fixed offset from UTC. */
struct ivr_hours {
    struct tl_id name;
    unsigned days; /**< bit 0 Monday ... bit 6 Sunday */
    int from_min;  /**< minute of the day, 0 to 1439 */
    int to_min;    /**< first minute outside, 1 to 1440, after from_min */
    int utc_offset_min;
};

/** All that is given must hold; an empty list or 0 is not asked for. */
struct ivr_when {
    struct ivr_list sections, tiers;
    unsigned channels;  /**< bits 1 << enum ivr_channel */
    int known_customer; /**< 1 yes, -1 no, 0 not asked */
    int open, closed;   /**< index of hours + 1 */
};

/** One way out of a branch or a menu. */
struct ivr_arm {
    struct ivr_when when;
    struct tl_id go;
    char key[8];    /**< menu: what a caller presses */
    char label[80]; /**< menu: what a button says */
    int line;       /**< in the document */
    int to;         /**< index of the step; filled by ivr_flow_check() */
};

enum ivr_kind {
    IVR_SAY,     /**< announcements */
    IVR_SET,     /**< priority, music, skills */
    IVR_BRANCH,  /**< first arm that holds */
    IVR_MENU,    /**< a choice; on the web the arm whose sections name the visitor's */
    IVR_COLLECT, /**< digits; the web has none and goes on */
    IVR_ASK,     /**< a spoken question; as above */
    IVR_ENQUEUE,
    IVR_CLOSE,
};

struct ivr_step {
    struct tl_id id;
    enum ivr_kind kind;
    int line;
    struct tl_id next_id; /**< empty for branch, enqueue and close; menu: where no arm holds */
    int next;             /**< filled by ivr_flow_check() */
    int first_arm, n_arms;
    struct ivr_list list; /**< say: announcements; set and enqueue: skills */
    struct tl_id word;    /**< enqueue: queue; set: music; close: cause */
    bool has_priority;
    int priority;
    char text[200]; /**< close: message; collect, ask, menu: prompt */
};

struct ivr_flow {
    struct tl_id name;
    char hash[13]; /**< of the document */
    struct tl_id start_id, music;
    int start;
    int n_steps, n_arms, n_hours;
    struct ivr_step steps[IVR_STEPS_MAX];
    struct ivr_arm arms[IVR_ARMS_MAX];
    struct ivr_hours hours[IVR_HOURS_MAX];
};

/** What is known of the contact. */
struct ivr_caller {
    enum ivr_channel channel;
    struct tl_str section, tier;
    bool known_customer;
};

struct ivr_result {
    bool closed;
    struct tl_id queue;
    struct ivr_list skills, announcements;
    int priority;
    struct tl_id music;
    struct tl_id cause;
    char message[200];
    int n_taken;
    int taken[IVR_STEPS_MAX]; /**< indexes of the steps, in order */
};

/** Line of the document and what is wrong there. */
struct ivr_complaint {
    int line;
    char key[TL_ID_MAX + 1];
    char text[120];
};

/** Resolve names and prove that each path ends.  0, or -EINVAL with the first complaint. */
int ivr_flow_check(struct ivr_flow *flow, struct ivr_complaint *ret);

/** Walk a checked flow; it always ends. @param now [us since epoch] for opening hours */
void ivr_flow_run(const struct ivr_flow *flow, const struct ivr_caller *caller, tl_time now,
                  struct ivr_result *ret);

bool ivr_hours_open(const struct ivr_hours *hours, tl_time now);
const char *ivr_kind_name(enum ivr_kind kind);

#endif
