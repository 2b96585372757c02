/**
 * @file options.h  Command lines of the laboratory: "--name value" or "--name=value".
 */
#ifndef ACD_LAB_OPTIONS_H
#define ACD_LAB_OPTIONS_H

#include <tl_base.h>

/** One option: exactly one of the pointers is set. */
struct lab_option {
    const char *name; /**< "--seed" */
    const char **text;
    int64_t *number; /**< from least to most */
    int64_t least, most;
    tl_dur *duration;
    bool *flag; /**< takes no value */
};

/** 0, or 2 after a complaint on stderr that says what to do; 1: --help was asked for. */
int lab_options(int argc, char **argv, const struct lab_option *options, size_t n);

#endif
