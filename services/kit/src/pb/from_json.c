/*
 * JSON into messages.  The text becomes a protobuf on the wire, which is then decoded under the
 * same limits as one from the bus: so there is one place that allocates messages, and JSON cannot
 * make what the wire cannot.
 */
#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <tl_mem.h>
#include <tl_pb.h>

#define JSON_MAX  (64 * 1024)
#define DEPTH_MAX 32
#define INT_MAX53 (1LL << 53)

struct path {
    const struct path *up;
    const char *key;
    size_t index; /* when key is NULL */
};

static int put_message(struct tl_buf *out, const ProtobufCMessageDescriptor *d, json_t *object,
                       const struct path *path, struct tl_buf *why);

/* RFC 6901: a slash in a key is ~1, a tilde ~0. */
static void put_key(struct tl_buf *why, const char *key)
{
    tl_buf_putc(why, '/');
    for (; *key; key++) {
        if (*key == '~' || *key == '/')
            tl_buf_puts(why, *key == '~' ? "~0" : "~1");
        else
            tl_buf_putc(why, *key);
    }
}

static void put_path(struct tl_buf *why, const struct path *path)
{
    if (!path)
        return;
    put_path(why, path->up);
    if (path->key)
        put_key(why, path->key);
    else
        tl_buf_printf(why, "/%zu", path->index);
}

static int complain(struct tl_buf *why, const struct path *path, const char *reason)
{
    if (why) {
        put_path(why, path);
        tl_buf_printf(why, "%s: %s", path ? "" : "/", reason);
    }
    return -EINVAL;
}

static int put_varint(struct tl_buf *out, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;

    do {
        bytes[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        v >>= 7;
    } while (v);
    return tl_buf_add(out, bytes, n);
}

static int put_tag(struct tl_buf *out, const ProtobufCFieldDescriptor *f, unsigned wire)
{
    return put_varint(out, (uint64_t)f->id << 3 | wire);
}

static int put_block(struct tl_buf *out, const ProtobufCFieldDescriptor *f, const void *p, size_t n)
{
    put_tag(out, f, 2);
    put_varint(out, n);
    return tl_buf_add(out, p, n);
}

static int int_range(const ProtobufCFieldDescriptor *f, int64_t *min, int64_t *max)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32: *min = INT32_MIN, *max = INT32_MAX; return 0;
    case PROTOBUF_C_TYPE_UINT32: *min = 0, *max = UINT32_MAX; return 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64: *min = -INT_MAX53, *max = INT_MAX53; return 0;
    case PROTOBUF_C_TYPE_UINT64: *min = 0, *max = INT_MAX53; return 0;
    default: return -EINVAL;
    }
}

static int put_int(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                   const struct path *path, struct tl_buf *why)
{
    int64_t min = 0, max = 0, n;

    (void)int_range(f, &min, &max); /* the caller has chosen integer types only */
    if (!json_is_integer(v))
        return complain(why, path, "must be an integer");
    n = json_integer_value(v);
    if (n < min || n > max)
        return complain(why, path, "integer out of range");
    if (f->type == PROTOBUF_C_TYPE_SINT32 || f->type == PROTOBUF_C_TYPE_SINT64)
        n = (int64_t)(((uint64_t)n << 1) ^ (uint64_t)(n >> 63));
    put_tag(out, f, 0);
    return put_varint(out, (uint64_t)n);
}

static int put_real(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                    const struct path *path, struct tl_buf *why)
{
    double d = json_number_value(v);
    float s = (float)d;

    if (!json_is_number(v))
        return complain(why, path, "must be a number");
    if (f->type == PROTOBUF_C_TYPE_DOUBLE) {
        put_tag(out, f, 1);
        return tl_buf_add(out, &d, sizeof(d)); /* little endian, as every machine we run on */
    }
    if (!isfinite(s))
        return complain(why, path, "number out of range");
    put_tag(out, f, 5);
    return tl_buf_add(out, &s, sizeof(s));
}

static int put_enum(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                    const struct path *path, struct tl_buf *why)
{
    const ProtobufCEnumValue *value;

    if (!json_is_string(v))
        return complain(why, path, "must be the name of an enum value");
    value = protobuf_c_enum_descriptor_get_value_by_name(f->descriptor, json_string_value(v));
    if (!value)
        return complain(why, path, "unknown enum value");
    put_tag(out, f, 0);
    return put_varint(out, (uint64_t)(int64_t)value->value);
}

static int put_binary(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                      const struct path *path, struct tl_buf *why)
{
    size_t n = json_string_length(v), len = 0;
    uint8_t *p;
    int err = -EINVAL;

    if (!json_is_string(v))
        return complain(why, path, "must be bytes in base64");
    p = tl_alloc(1, n);
    if (!p)
        return -ENOMEM;
    if (sodium_base642bin(p, n, json_string_value(v), n, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0)
        err = put_block(out, f, p, len);
    else
        err = complain(why, path, "must be bytes in base64");
    tl_free(p);
    return err;
}

static int put_inner(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                     const struct path *path, struct tl_buf *why)
{
    struct tl_buf inner = TL_BUF(TL_PB_MAX);
    int err = put_message(&inner, f->descriptor, v, path, why);

    if (!err)
        err = put_block(out, f, inner.n ? inner.p : "", inner.n);
    tl_buf_done(&inner);
    return err;
}

static int put_value(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                     const struct path *path, struct tl_buf *why)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(v))
            return complain(why, path, "must be true or false");
        put_tag(out, f, 0);
        return put_varint(out, json_is_true(v) ? 1 : 0);
    case PROTOBUF_C_TYPE_STRING:
        if (!json_is_string(v))
            return complain(why, path, "must be a string");
        return put_block(out, f, json_string_value(v), json_string_length(v));
    case PROTOBUF_C_TYPE_ENUM: return put_enum(out, f, v, path, why);
    case PROTOBUF_C_TYPE_BYTES: return put_binary(out, f, v, path, why);
    case PROTOBUF_C_TYPE_MESSAGE: return put_inner(out, f, v, path, why);
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FLOAT: return put_real(out, f, v, path, why);
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SFIXED64:
        return complain(why, path, "fixed-size integers are not used in JSON");
    default: return put_int(out, f, v, path, why);
    }
}

static int put_field(struct tl_buf *out, const ProtobufCFieldDescriptor *f, json_t *v,
                     const struct path *path, struct tl_buf *why)
{
    size_t i;
    json_t *item;
    int err = 0;

    if (f->label != PROTOBUF_C_LABEL_REPEATED)
        return put_value(out, f, v, path, why);
    if (!json_is_array(v))
        return complain(why, path, "must be an array");
    json_array_foreach (v, i, item) {
        err = put_value(out, f, item, &(struct path){.up = path, .index = i}, why);
        if (err)
            break;
    }
    return err;
}

static int put_message(struct tl_buf *out, const ProtobufCMessageDescriptor *d, json_t *object,
                       const struct path *path, struct tl_buf *why)
{
    const ProtobufCFieldDescriptor *member = NULL; /* the one set in a oneof */
    const char *key;
    json_t *v;

    if (!json_is_object(object))
        return complain(why, path, "must be an object");
    json_object_foreach (object, key, v) {
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, key);
        const struct path here = {.up = path, .key = key};
        int err;

        if (!f)
            return complain(why, &here, "unknown key");
        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && member &&
            member->quantifier_offset == f->quantifier_offset)
            return complain(why, &here, "only one member of a oneof may be set");
        if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            member = f;
        err = put_field(out, f, v, &here, why);
        if (err)
            return err;
    }
    return out->err;
}

/* jansson stops at 2048 levels; ours come first.  Strings are skipped; validity is jansson's
 * business. */
static bool too_deep(struct tl_str json)
{
    bool quoted = false;
    int depth = 0;

    for (size_t i = 0; i < json.n; i++) {
        char c = json.s[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

int tl_pb_from_json(const ProtobufCMessageDescriptor *d, struct tl_str json, ProtobufCMessage **ret,
                    struct tl_buf *why)
{
    struct tl_buf wire = TL_BUF(TL_PB_MAX);
    json_error_t bad;
    json_t *root = NULL;
    int err = -EBADMSG;

    if (json.n > JSON_MAX) {
        (void)complain(why, NULL, "larger than 64 KiB");
        return -EBADMSG;
    }
    if (json.n && memchr(json.s, 0, json.n)) { /* jansson takes it for the end */
        (void)complain(why, NULL, "a NUL character");
        return -EBADMSG;
    }
    if (too_deep(json)) {
        (void)complain(why, NULL, "nested deeper than 32");
        return -EBADMSG;
    }
    root = json_loadb(json.s, json.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &bad);
    if (!root) {
        if (why)
            tl_buf_printf(why, "/: line %d: %s", bad.line, bad.text);
        goto out;
    }
    err = put_message(&wire, d, root, NULL, why);
    if (!err)
        err = tl_pb_unpack(d, wire.n ? wire.p : "", wire.n, ret);
    if (err == -EBADMSG || err == -EMSGSIZE)
        err = complain(why, NULL, "does not fit the message");
out:
    json_decref(root);
    tl_buf_done(&wire);
    return err;
}
