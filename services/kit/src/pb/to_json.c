/* Messages as JSON: the field names of the schema, enums by name, default values left out. */
#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <tl_mem.h>
#include <tl_pb.h>

static int put_message(const ProtobufCMessage *m, struct tl_buf *out);

static int put_bytes(const ProtobufCBinaryData *b, struct tl_buf *out)
{
    size_t size = sodium_base64_encoded_len(b->len, sodium_base64_VARIANT_ORIGINAL);
    char *text = tl_alloc(1, size);
    int err;

    if (!text)
        return out->err = -ENOMEM;
    sodium_bin2base64(text, size, b->data, b->len, sodium_base64_VARIANT_ORIGINAL);
    err = tl_buf_printf(out, "\"%s\"", text);
    tl_free(text);
    return err;
}

static int put_double(double d, struct tl_buf *out)
{
    return isfinite(d) ? tl_buf_printf(out, "%.17g", d) : tl_buf_puts(out, "null");
}

static int put_value(const ProtobufCFieldDescriptor *f, const void *at, struct tl_buf *out)
{
    const ProtobufCEnumValue *name;
    const char *text;

    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: return tl_buf_printf(out, "%" PRId32, *(const int32_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: return tl_buf_printf(out, "%" PRIu32, *(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return tl_buf_printf(out, "%" PRId64, *(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return tl_buf_printf(out, "%" PRIu64, *(const uint64_t *)at);
    case PROTOBUF_C_TYPE_FLOAT: return put_double((double)*(const float *)at, out);
    case PROTOBUF_C_TYPE_DOUBLE: return put_double(*(const double *)at, out);
    case PROTOBUF_C_TYPE_BOOL:
        return tl_buf_puts(out, *(const protobuf_c_boolean *)at ? "true" : "false");
    case PROTOBUF_C_TYPE_ENUM:
        name = protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)at);
        return name ? tl_buf_printf(out, "\"%s\"", name->name)
                    : tl_buf_printf(out, "%d", *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        text = *(char *const *)at;
        return tl_buf_json_str(out, tl_str(text ? text : ""));
    case PROTOBUF_C_TYPE_BYTES: return put_bytes(at, out);
    case PROTOBUF_C_TYPE_MESSAGE: return put_message(*(ProtobufCMessage *const *)at, out);
    }
    return out->err = -EINVAL;
}

static size_t value_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    default: return 4;
    }
}

static bool is_default(const ProtobufCFieldDescriptor *f, const void *at)
{
    static const char zero[8];

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: return !*(char *const *)at || !**(char *const *)at;
    case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)at)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE: return !*(ProtobufCMessage *const *)at;
    default: return memcmp(at, zero, value_size(f)) == 0;
    }
}

static bool is_absent(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    const char *base = (const char *)m;

    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)(base + f->quantifier_offset) == 0;
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const unsigned *)(base + f->quantifier_offset) != f->id;
    return is_default(f, base + f->offset);
}

static int put_message(const ProtobufCMessage *m, struct tl_buf *out)
{
    const char *separator = "";

    tl_buf_putc(out, '{');
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        const char *at = (const char *)m + f->offset;

        if (is_absent(m, f))
            continue;
        tl_buf_printf(out, "%s\"%s\":", separator, f->name);
        separator = ",";
        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t n = *(const size_t *)((const char *)m + f->quantifier_offset);

            at = *(const char *const *)at;
            for (size_t k = 0; k < n; k++) {
                tl_buf_putc(out, k ? ',' : '[');
                put_value(f, at + k * value_size(f), out);
            }
            tl_buf_putc(out, ']');
        } else {
            put_value(f, at, out);
        }
    }
    return tl_buf_putc(out, '}');
}

int tl_pb_to_json(const void *message, struct tl_buf *out)
{
    return put_message(message, out);
}
