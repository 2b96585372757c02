/**
 * @file browser.h  "Chrome on Android": the family of a browser and its system, from User-Agent.
 * Pure.  Meant for an agent's card, not for decisions: a User-Agent says what it likes.
 */
#ifndef CLICKSTREAM_BROWSER_H
#define CLICKSTREAM_BROWSER_H

#include <tl_str.h>

/** Family of the browser: "Firefox", "Mobile Safari", "Other". */
const char *clickstream_browser_family(struct tl_str user_agent);
/** Family of the system: "Windows", "Mac OS X", "Android", "iOS", "Linux", "Other". */
const char *clickstream_browser_system(struct tl_str user_agent);
/** Both, "Chrome on Android"; empty when neither is known. */
void clickstream_browser_name(char ret[48], struct tl_str user_agent);

#endif
