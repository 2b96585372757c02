/**
 * @file why.h  The story of a contact, told from its events.  Pure: events in, lines out.
 */
#ifndef CLI_WHY_H
#define CLI_WHY_H

#include "cli.h"

/** Appends the lines that one event adds to the story of its contact; most add none.  0, -ENOMEM,
 * -EMSGSIZE. */
int cli_why_line(struct tl_buf *out, const struct cli_event *e);

#endif
