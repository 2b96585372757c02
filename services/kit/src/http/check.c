/*
 * The strictness that libmicrohttpd 0.9.75 lacks (RFC 9112 2.2, 3, 5, 6).
 *
 * It accepts bare LF, NUL, folded headers, a header without a name, Content-Length twice or beside
 * Transfer-Encoding, two Hosts, HTTP/1.2.  All names and values that it shows are pointers into one
 * buffer, parsed in place: between two of them lie exactly the two bytes of a CRLF, unless one of
 * the first four happened.  So one walk that adds up distances finds them all.
 *
 * Left to the proxy in front: bare LF inside chunked framing; and a request line that is none or
 * has a space in its address, which libmicrohttpd ends by closing the connection without an answer.
 */
#include <string.h>
#include <tl_str.h>

#include "http.h"

struct walk {
    uintptr_t end; /**< of what was seen so far */
    unsigned n, hosts, lengths, encodings;
    bool torn;      /**< a gap that is no CRLF */
    bool bad_name;  /**< not a token */
    bool bad_value; /**< control character */
    struct tl_str length, encoding, expect;
};

static bool is_token(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            return false;
    }
    return n > 0;
}

static bool is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7f)
            return false;
    return true;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_n, const char *value, size_t value_n)
{
    struct walk *w = cls;
    struct tl_str key = {name, name_n}, text = {value, value ? value_n : 0};

    TL_UNUSED(kind);
    w->n++;
    if ((uintptr_t)name != w->end + 2 || !value || (uintptr_t)value < (uintptr_t)name + name_n)
        w->torn = true;
    w->end = (uintptr_t)value + text.n;
    if (!is_token(name, name_n))
        w->bad_name = true;
    if (!is_text(text.s, text.n))
        w->bad_value = true;
    text = tl_str_trim(text);
    if (tl_str_ieq(key, TL_STR("host"))) {
        w->hosts++;
    } else if (tl_str_ieq(key, TL_STR("content-length"))) {
        w->lengths++;
        w->length = text;
    } else if (tl_str_ieq(key, TL_STR("transfer-encoding"))) {
        w->encodings++;
        w->encoding = text;
    } else if (tl_str_ieq(key, TL_STR("expect"))) {
        w->expect = text;
    }
    return MHD_YES;
}

static struct http_fault fault(unsigned status, const char *class_name, const char *title)
{
    return (struct http_fault){status, class_name, title};
}

static bool known_method(const char *m)
{
    static const char *const known[] = {"GET",     "HEAD",  "POST",  "PUT",    "DELETE",
                                        "OPTIONS", "PATCH", "TRACE", "CONNECT"};

    for (size_t i = 0; i < TL_LEN(known); i++)
        if (strcmp(m, known[i]) == 0)
            return true;
    return false;
}

static struct http_fault check_framing(const struct walk *w, bool is_11, struct http_body *ret)
{
    int64_t length = 0;

    if (w->lengths > 1 || w->encodings > 1 || (w->lengths && w->encodings))
        return fault(400, "smuggling", "More than one length for the body");
    if (w->encodings && !is_11)
        return fault(400, "smuggling", "Transfer-Encoding in HTTP/1.0");
    if (w->encodings && !tl_str_ieq(w->encoding, TL_STR("chunked")))
        return fault(501, "encoding", "Unknown Transfer-Encoding");
    if (w->lengths && (tl_str_int(w->length, 0, INT64_MAX, &length) || w->length.s[0] == '-'))
        return fault(400, "malformed", "Content-Length is not a number");
    ret->chunked = w->encodings > 0;
    ret->has_length = w->lengths > 0;
    ret->length = (uint64_t)length;
    return fault(0, NULL, NULL);
}

struct http_fault http_check_head(struct MHD_Connection *c, const char *method, const char *version,
                                  struct http_body *ret_body)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct walk w = {.end = (uintptr_t)version + strlen(version)};
    size_t line_n = (size_t)(w.end - (uintptr_t)method);
    bool is_11 = strcmp(version, "HTTP/1.1") == 0;

    if (!is_11 && strcmp(version, "HTTP/1.0") != 0)
        return fault(505, "version", "HTTP/1.1 is spoken here");
    MHD_get_connection_values_n(c, MHD_HEADER_KIND, on_header, &w);
    if (w.n > HTTP_HEADERS_MAX || (size && size->header_size > line_n + HTTP_HEAD_MAX))
        return fault(431, "headers_large", "Too many or too large headers");
    if (w.torn || (size && (uintptr_t)method + size->header_size != w.end + 4))
        return fault(400, "malformed", "Lines end with CRLF and are not folded");
    if (w.bad_name || w.bad_value || !is_token(method, strlen(method)))
        return fault(400, "malformed", "A character that may not be there");
    if (w.hosts != 1 && (is_11 || w.hosts > 1))
        return fault(400, "host", "Exactly one Host is needed");
    if (w.expect.n && !tl_str_ieq(w.expect, TL_STR("100-continue")))
        return fault(417, "expect", "Unknown expectation");
    if (!known_method(method))
        return fault(501, "method_unknown", "Unknown method");
    return check_framing(&w, is_11, ret_body);
}
