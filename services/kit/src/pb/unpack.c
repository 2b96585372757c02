/*
 * Bounded decoding.  protobuf-c checks neither depth, nor memory, nor text: the allocator has a
 * budget (each allocation remembers its size nowhere; the budget only falls), and a walk over the
 * result checks the rest.
 */
#include <stdlib.h>
#include <tl_mem.h>
#include <tl_pb.h>

#define BUDGET       (8u << 20)
#define REPEATED_MAX 10000
#define DEPTH_MAX    8

struct budget {
    ProtobufCAllocator allocator;
    size_t left;
    bool refused;
    bool no_memory; /* the heap's fault, not the message's: it must not be judged as junk */
};

static void *budget_alloc(void *data, size_t size)
{
    struct budget *b = data;
    void *p;

    if (size > b->left) {
        b->refused = true;
        return NULL;
    }
    b->left -= size;
    p = tl_alloc(1, size);
    b->no_memory = b->no_memory || !p;
    return p;
}

static void budget_free(void *data, void *p)
{
    TL_UNUSED(data);
    tl_free(p);
}

static ProtobufCAllocator plain = {.alloc = NULL, .free = budget_free};

static int check_message(const ProtobufCMessage *m, int depth);

static int check_one(const ProtobufCFieldDescriptor *f, const void *at, int depth)
{
    const char *text;

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        text = *(char *const *)at;
        return !text || tl_utf8_ok(text, strlen(text)) ? 0 : -EBADMSG;
    case PROTOBUF_C_TYPE_ENUM:
        return protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)at) ? 0 : -EBADMSG;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at
                   ? check_message(*(ProtobufCMessage *const *)at, depth + 1)
                   : 0;
    default: return 0;
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL: return sizeof(int);
    default: return 8; /* not looked into */
    }
}

static int check_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, int depth)
{
    const char *at = (const char *)m + f->offset;
    size_t n;
    int err = 0;

    if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
        *(const unsigned *)((const char *)m + f->quantifier_offset) != f->id)
        return 0;
    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        return check_one(f, at, depth);
    n = *(const size_t *)((const char *)m + f->quantifier_offset);
    if (n > REPEATED_MAX)
        return -EMSGSIZE;
    if (f->type != PROTOBUF_C_TYPE_STRING && f->type != PROTOBUF_C_TYPE_MESSAGE &&
        f->type != PROTOBUF_C_TYPE_ENUM)
        return 0;
    at = *(const char *const *)at;
    for (size_t i = 0; !err && i < n; i++)
        err = check_one(f, at + i * element_size(f), depth);
    return err;
}

static int check_message(const ProtobufCMessage *m, int depth)
{
    int err = depth > DEPTH_MAX ? -EMSGSIZE : 0;

    for (unsigned i = 0; !err && i < m->descriptor->n_fields; i++)
        err = check_field(m, &m->descriptor->fields[i], depth);
    return err;
}

/* Text on the wire may hold NULs, which a C string hides: the length on the wire tells.  Walks one
 * message. */
static bool varint(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;

    for (int shift = 0; *p < end && shift < 70; shift += 7) {
        uint8_t b = *(*p)++;

        v |= shift < 64 ? (uint64_t)(b & 0x7f) << shift : 0;
        if (!(b & 0x80)) {
            *ret = v;
            return true;
        }
    }
    return false;
}

static int check_wire(const ProtobufCMessageDescriptor *d, const uint8_t *p, size_t n, int depth)
{
    const uint8_t *end = p + n;
    int err = 0;

    if (depth > DEPTH_MAX)
        return -EMSGSIZE;
    while (!err && p < end) {
        const ProtobufCFieldDescriptor *f;
        uint64_t tag, len = 0;

        if (!varint(&p, end, &tag) || tag >> 35)
            return -EBADMSG;
        switch (tag & 7) {
        case 0:
            if (!varint(&p, end, &len))
                return -EBADMSG;
            continue;
        case 1: len = 8; break;
        case 5: len = 4; break;
        case 2:
            if (!varint(&p, end, &len))
                return -EBADMSG;
            break;
        default: return -EBADMSG;
        }
        if (len > (uint64_t)(end - p))
            return -EBADMSG;
        f = (tag & 7) == 2 ? protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3))
                           : NULL;
        if (f && f->type == PROTOBUF_C_TYPE_STRING && len && memchr(p, 0, len))
            err = -EBADMSG;
        else if (f && f->type == PROTOBUF_C_TYPE_MESSAGE)
            err = check_wire(f->descriptor, p, len, depth + 1);
        p += len;
    }
    return err;
}

int tl_pb_unpack(const ProtobufCMessageDescriptor *d, const void *data, size_t n,
                 ProtobufCMessage **ret)
{
    struct budget b = {.allocator = {.alloc = budget_alloc, .free = budget_free}, .left = BUDGET};
    ProtobufCMessage *m;
    int err;

    b.allocator.allocator_data = &b;
    if (n > TL_PB_MAX)
        return -EMSGSIZE;
    err = check_wire(d, data, n, 1);
    if (err)
        return err;
    m = protobuf_c_message_unpack(d, &b.allocator, n, n ? data : (const uint8_t *)"");
    if (!m)
        return b.no_memory ? -ENOMEM : b.refused ? -EMSGSIZE : -EBADMSG;
    err = check_message(m, 1);
    if (err) {
        tl_pb_free(m);
        return err;
    }
    *ret = m;
    return 0;
}

void *tl_pb_free(void *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, &plain);
    return NULL;
}

int tl_pb_pack(const void *message, struct tl_buf *out)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t stack[1024], *p = n <= sizeof(stack) ? stack : tl_alloc(1, n);
    int err;

    if (!p)
        return -ENOMEM;
    protobuf_c_message_pack(message, p);
    err = tl_buf_add(out, p, n);
    if (p != stack)
        tl_free(p);
    return err;
}

const ProtobufCFieldDescriptor *tl_pb_which(const void *message)
{
    const ProtobufCMessage *m = message;

    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            *(const unsigned *)((const char *)m + f->quantifier_offset) == f->id)
            return f;
    }
    return NULL;
}

const char *tl_pb_fault(int err)
{
    switch (err) {
    case -EMSGSIZE: return "oversize";
    case -EINVAL: return "field";
    case -ENOSYS: return "method";
    case -ENOMEM: return "memory";
    default: return "malformed";
    }
}
