/**
 * @file bar.h  How far it is: a bar on stderr, where stderr is a terminal.
 */
#ifndef ACD_BAR_H
#define ACD_BAR_H

/** share: 0 to 1; what: a word before the bar.  Draws only when the percentage has changed. */
void bar_show(const char *what, double share);
/** Takes the bar away. */
void bar_clear(void);

#endif
