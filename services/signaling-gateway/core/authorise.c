/*
 * One row for each member of ClientMessage: the roles that may send it.  A member without a row is
 * refused, so a new message is closed until somebody decides who may use it.
 */
#include "core/who.h"

#define CUSTOMER (1u << ROLE_CUSTOMER)
#define AGENT    (1u << ROLE_AGENT)
#define WATCHER  (1u << ROLE_SUPERVISOR)

static const struct {
    struct tl_str member;
    unsigned roles;
} rules[] = {
    {TL_STR("request_contact"), CUSTOMER},
    {TL_STR("end_contact"), CUSTOMER | AGENT},
    {TL_STR("send_message"), CUSTOMER | AGENT},
    {TL_STR("typing"), CUSTOMER | AGENT},
    {TL_STR("answer_survey"), CUSTOMER},
    {TL_STR("media_offer"), CUSTOMER | AGENT},
    {TL_STR("media_answer"), CUSTOMER},
    {TL_STR("media_close"), CUSTOMER | AGENT},
    {TL_STR("set_hold"), AGENT},
    {TL_STR("cobrowse_consent"), CUSTOMER},
    {TL_STR("cobrowse_ask"), AGENT},
    {TL_STR("set_agent_state"), AGENT},
    {TL_STR("accept_offer"), AGENT},
    {TL_STR("decline_offer"), AGENT},
    {TL_STR("complete_wrap_up"), AGENT},
    {TL_STR("subscribe_board"), AGENT | WATCHER},
};

static const char *const names[] = {"nobody", "customer", "agent", "supervisor"};

const char *role_name(enum role role)
{
    return (size_t)role < TL_LEN(names) ? names[role] : names[ROLE_NOBODY];
}

enum role role_parse(struct tl_str name)
{
    for (size_t i = ROLE_CUSTOMER; i < TL_LEN(names); i++)
        if (tl_str_eq(name, tl_str(names[i])))
            return (enum role)i;
    return ROLE_NOBODY;
}

bool may_say(enum role role, struct tl_str member)
{
    if (role == ROLE_NOBODY)
        return false;
    for (size_t i = 0; i < TL_LEN(rules); i++)
        if (tl_str_eq(rules[i].member, member))
            return rules[i].roles & (1u << role);
    return false;
}
