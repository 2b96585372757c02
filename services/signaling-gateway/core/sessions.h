/**
 * @file sessions.h  Who is connected here: facts about sockets in, decisions about people out.
 *
 * A session is one browser tab's stay with us.  It outlives its socket by a grace time, so that a
 * reload or a change of network resumes it; the newest socket of a session is the one that counts.
 * An agent is signed in while at least one of their sessions lives.
 *
 * No clock, no bus, no log.  One struct sessions, one thread.
 */
#ifndef SIGNALING_SESSIONS_H
#define SIGNALING_SESSIONS_H

#include "core/who.h"
#include <tl_list.h>

/** Sessions that one agent may have at once; one more ends the oldest. */
#define AGENT_SESSIONS_MAX 5

struct sessions;
struct session;

enum sessions_fact_kind {
    SESSION_OPENED,  /**< a socket with a valid ticket is here: who, socket, known */
    SESSION_CLOSED,  /**< a socket ended: session, socket, bye */
    SESSION_ADOPTED, /**< it has no socket, and it is us who wait for one now: who, known, away */
    SESSION_TAKEN,   /**< a newer socket of it is at another gateway: session */
    SESSION_TICK,    /**< time has passed */
};

struct sessions_fact {
    enum sessions_fact_kind kind;
    const struct who *who; /**< OPENED, ADOPTED */
    struct tl_str session; /**< CLOSED, TAKEN: its id */
    void *socket;          /**< compared, never looked into */
    bool known;            /**< OPENED, ADOPTED: the session existed before */
    bool bye;              /**< CLOSED: it is not waited for; the client said so */
    bool idle;             /**< CLOSED with bye: we did, since it said nothing and has nothing */
    tl_dur away;           /**< ADOPTED: how long nobody has waited for it already */
};

enum sessions_decision_kind {
    SESSION_GREET,       /**< say welcome on socket: resumed, away */
    SESSION_DROP_SOCKET, /**< close socket: superseded */
    SESSION_WAIT,        /**< nothing to do but know: the grace time runs */
    SESSION_QUIET,       /**< a customer has said nothing for long: socket, who */
    SESSION_END,         /**< it is over: cause, who, user */
    SESSION_FORGET,      /**< it lives on at another gateway: user */
    AGENT_SIGN_IN,       /**< first session of an agent here: who, resumed: others know already */
    AGENT_SIGN_OUT,      /**< last session of an agent ended: who, cause */
};

struct sessions_decision {
    enum sessions_decision_kind kind;
    struct who who;
    struct session *session; /**< NULL when it is gone; valid until the next step */
    void *socket;
    void *user;        /**< END, FORGET: what session_set_user() attached */
    const char *cause; /**< "closed", "idle", "lost", "superseded"; static */
    bool resumed;
    tl_dur away; /**< GREET resumed: how long it had no socket, if we know */
};

#define SESSIONS_DECISIONS_MAX 6
struct sessions_decisions {
    size_t n;
    struct sessions_decision d[SESSIONS_DECISIONS_MAX];
};

/** grace: how long a session lives without a socket.  idle: after which silence of a customer to
 * decide SESSION_QUIET, and again while it lasts; 0: never.  seed: randomness.  0 or -ENOMEM. */
int sessions_new(struct sessions **ret, tl_dur grace, tl_dur idle, uint64_t seed, void *owner);
struct sessions *sessions_free(struct sessions *s);
void *sessions_owner(const struct sessions *s);

/**
 * Tell what happened and learn what to do, in the order of ret->d.
 *
 * A closed socket that is not the session's newest changes nothing.  A tick looks at one session
 * that is away and at one that is quiet: tick again while sessions_next_wake() has passed.  A
 * repeated fact is harmless.
 *
 * @return 0; -ENOMEM: nothing has changed
 */
int sessions_step(struct sessions *s, const struct sessions_fact *fact, tl_time now,
                  struct sessions_decisions *ret);
/** When to tick; TL_NEVER while nobody is away and no customer is here. */
tl_time sessions_next_wake(const struct sessions *s);

size_t sessions_count(const struct sessions *s);
/** Sessions whose socket is gone and whose grace time runs. */
size_t sessions_away(const struct sessions *s);
struct session *sessions_find(const struct sessions *s, struct tl_str id);
/** First (NULL) or next session in no special order; do not step meanwhile. */
struct session *sessions_next(const struct sessions *s, const struct session *prev);

/** An agent who is signed in here. */
struct agent;

struct sessions *session_home(const struct session *x);
struct tl_str session_id(const struct session *x);
enum role session_role(const struct session *x);
/** NULL unless it is an agent's. */
struct agent *session_agent(const struct session *x);
void session_who(const struct session *x, struct who *ret);
/** NULL while it is away. */
void *session_socket(const struct session *x);
/** Whatever the shell keeps with a session; comes back in SESSION_END. */
void *session_user(const struct session *x);
void session_set_user(struct session *x, void *user);

/** The client said something, or has a reason to say nothing. */
void session_said(struct session *x, tl_time now);
/** How long it has said nothing; of a session with a socket. */
tl_dur session_quiet(const struct session *x, tl_time now);

/** Contacts that are known of a session, and of an agent; kept by pairs.c. */
struct pair;
struct pair **session_pairs(struct session *x);
struct pair **agent_pairs(struct agent *a);

/** Questions of this session that wait for an answer.  A session that moved away and came back has
 * none, whatever is still answered of its earlier stay. */
unsigned session_asking(const struct session *x);
void session_asks(struct session *x);
void session_answered(struct session *x);

/** Which round through all sessions has dealt with this one; 0 at first. */
uint8_t session_round(const struct session *x);
void session_set_round(struct session *x, uint8_t round);

/** Watching the board ends with the socket. */
void session_watch(struct session *x, bool on);
/** First (NULL) or next session that watches; do not step meanwhile. */
struct session *sessions_next_watcher(const struct sessions *s, const struct session *prev);

struct agent *sessions_agent(const struct sessions *s, struct tl_str agent_id);
struct agent *sessions_next_agent(const struct sessions *s, const struct agent *prev);
size_t sessions_agent_count(const struct sessions *s);
struct tl_str agent_id(const struct agent *a);
/** First (NULL) or next session of the agent, oldest first. */
struct session *agent_next_session(const struct agent *a, const struct session *prev);
struct session *agent_newest_session(const struct agent *a);
/** What the agent last wanted to be, so that it can be said again to an ACD that forgot. */
void agent_wants(struct agent *a, bool ready, struct tl_str reason);
bool agent_ready(const struct agent *a);
const char *agent_reason(const struct agent *a);

#endif
