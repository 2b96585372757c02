/*
 * What an implementation of the bus provides.  Public functions check sizes and pass on; see
 * tl_bus.h for the meaning of each.
 */
#ifndef KIT_BUS_H
#define KIT_BUS_H

#include <tl_bus.h>

struct bus_ops {
    void (*close)(struct tl_bus *bus);
    bool (*ready)(const struct tl_bus *bus);
    void (*drain)(struct tl_bus *bus, tl_fn *done, void *arg);
    /** reply NULL: none. */
    int (*publish)(struct tl_bus *bus, const char *subject, const char *reply,
                   const struct tl_header *headers, size_t n_headers, const void *data, size_t n);
    /** What this turn has published is written now. */
    void (*hurry)(struct tl_bus *bus);
    int (*subscribe)(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                     const char *queue, tl_msg_fn *fn, void *arg);
    void (*sub_free)(struct tl_sub *sub);
    int (*consume)(struct tl_consumer **ret, struct tl_bus *bus, const struct tl_consume_opts *opts,
                   tl_delivery_fn *fn, void *arg);
    void (*consumer_free)(struct tl_consumer *c);
    void (*ack)(struct tl_consumer *c, uint64_t token);
    void (*retry)(struct tl_consumer *c, uint64_t token);
    void (*poison)(struct tl_consumer *c, uint64_t token, const char *reason);
};

struct request;
struct requests;

/** First member of each implementation. */
struct tl_bus {
    const struct bus_ops *ops;
    struct tl_loop *loop;
    struct requests *requests; /**< made at the first request */
    struct requests *stores;   /**< made at the first store */
    char inbox[96];            /**< "_INBOX.acd.x7Kd0...", unique for this connection */
    size_t message_max;
    bool instant; /**< memory: an unanswerable request ends at once */
    struct {
        tl_fn *fn;
        void *arg;
    } on_connect[16];
    int n_on_connect;
};

struct tl_sub {
    struct tl_bus *bus;
};

struct tl_consumer {
    struct tl_bus *bus;
};

void bus_init(struct tl_bus *bus, const struct bus_ops *ops, struct tl_loop *loop,
              const char *name);
void bus_connected(struct tl_bus *bus);
/** Takes back tl_bus_on_connect() for this arg. */
void bus_forget_on_connect(struct tl_bus *bus, void *arg);
/** Ends every request with an error; frees. */
void requests_free(struct requests *rs);
/** A subject (no wildcards) falls under a filter with * and >. */
bool bus_subject_match(const char *filter, struct tl_str subject);

#endif
