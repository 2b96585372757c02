/*
 * Bodies of the REST API.
 */
#include "wire_pb.h"

#include "threadline/signaling/v1/http.pb-c.h"
#include <string.h>
#include <tl_token.h>

int wire_sign_in_read(struct wire_sign_in *ret, struct tl_str json, struct tl_buf *why)
{
    Threadline__Signaling__V1__SignInRequest *m = NULL;
    int err = tl_pb_from_json(&threadline__signaling__v1__sign_in_request__descriptor, json,
                              (ProtobufCMessage **)&m, why);

    if (err)
        return err;
    if (!m->username[0] || !m->password[0] ||
        !tl_str_put(ret->username, sizeof(ret->username), tl_str(m->username)) ||
        !tl_str_put(ret->password, sizeof(ret->password), tl_str(m->password))) {
        (void)tl_buf_puts(why, "/: username and password are needed");
        err = -EINVAL;
    }
    tl_pb_free(m);
    return err;
}

int wire_signed_in(const char *token, const struct who *who, tl_dur life, struct tl_buf *json)
{
    Threadline__Signaling__V1__SignInResponse m = THREADLINE__SIGNALING__V1__SIGN_IN_RESPONSE__INIT;
    Threadline__Common__V1__Person person;

    person_of(&person, who);
    m.token = lend(token);
    m.agent = &person;
    m.expires_in_s = life / TL_SEC(1);
    return tl_pb_to_json(&m, json);
}

int wire_new_session_read(struct tl_buf *resume_token, struct tl_str json, struct tl_buf *why)
{
    Threadline__Signaling__V1__NewSessionRequest *m = NULL;
    int err = tl_pb_from_json(&threadline__signaling__v1__new_session_request__descriptor, json,
                              (ProtobufCMessage **)&m, why);

    if (err)
        return err;
    if (strlen(m->resume_token) > TL_TOKEN_MAX) {
        (void)tl_buf_puts(why, "/resume_token: too long");
        err = -EINVAL;
    } else {
        err = tl_buf_puts(resume_token, m->resume_token);
    }
    tl_pb_free(m);
    return err;
}

int wire_new_session(const char *ticket, tl_dur life, struct tl_buf *json)
{
    Threadline__Signaling__V1__NewSessionResponse m =
        THREADLINE__SIGNALING__V1__NEW_SESSION_RESPONSE__INIT;

    m.ticket = lend(ticket);
    m.expires_in_s = life / TL_SEC(1);
    return tl_pb_to_json(&m, json);
}
