/**
 * @file fuzz_label.c  Any text as a seat's label; whatever is adopted can go through a life.
 */
#include "core/legs.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void step(struct legs *legs, enum legs_fact_kind kind, const char *label, tl_time now)
{
    struct legs_fact f = {.kind = kind, .key = "contact:c1", .text = label, .text2 = ""};
    struct legs_outcome out;
    struct legs_decision d;

    strcpy(f.contact.s, "c1");
    (void)legs_step(legs, &f, now, now, &out);
    while (legs_next(legs, &d))
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct legs *legs = NULL;
    char label[LEGS_LABEL];

    if (n >= sizeof label || legs_new(&legs, (const uint8_t *)"0123456789", 100))
        return 0;
    memcpy(label, data, n);
    label[n] = '\0';
    step(legs, LEGS_ADOPT, label, 1);
    step(legs, LEGS_PLANE_BACK, "", 2);
    step(legs, LEGS_JANUS_BACK, "", 3);
    step(legs, LEGS_TICK, "", TL_SEC(60));
    step(legs, LEGS_PLANE_NEW, "", TL_SEC(61));
    step(legs, LEGS_JANUS_NEW, "", TL_SEC(62));
    step(legs, LEGS_RELEASE, "", TL_SEC(63));
    legs_free(legs);
    return 0;
}
