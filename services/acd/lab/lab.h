/**
 * @file lab.h  The routing laboratory: commands of `tl` that run the core in virtual time.
 * Both print what they find on stdout, complaints on stderr, and return an exit code.
 */
#ifndef ACD_LAB_H
#define ACD_LAB_H

/** tl simulate: predict waits for a staffing. */
int acd_lab_simulate(int argc, char **argv);
/** tl replay: recorded events through other rules. */
int acd_lab_replay(int argc, char **argv);

#endif
