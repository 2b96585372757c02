/* See dice.h. */
#include "dice.h"
#include <math.h>

static tl_dur unit(struct tl_str *s)
{
    static const struct {
        struct tl_str name;
        tl_dur is;
    } units[] = {{TL_STR("ms"), TL_MSEC(1)},
                 {TL_STR("s"), TL_SEC(1)},
                 {TL_STR("m"), TL_MIN(1)},
                 {TL_STR("h"), TL_HOUR(1)},
                 {TL_STR("d"), TL_HOUR(24)}};

    for (size_t i = 0; i < TL_LEN(units); i++)
        if (tl_str_starts(*s, units[i].name)) {
            s->s += units[i].name.n;
            s->n -= units[i].name.n;
            return units[i].is;
        }
    return 0;
}

int dice_duration(tl_dur *ret, struct tl_str text)
{
    tl_dur sum = 0;

    if (!text.n)
        return -EINVAL;
    while (text.n) {
        struct tl_str digits = {text.s, 0};
        int64_t n;
        tl_dur one;
        while (digits.n < text.n && text.s[digits.n] >= '0' && text.s[digits.n] <= '9')
            digits.n++;
        text.s += digits.n;
        text.n -= digits.n;
        one = unit(&text);
        if (!one || tl_str_int(digits, 0, 1000000, &n) || n > TL_HOUR(24 * 1000) / one)
            return -EINVAL;
        sum += n * one;
    }
    *ret = sum;
    return 0;
}

int dice_parse(struct dice *ret, struct tl_str text)
{
    static const struct tl_str words[] = {[DICE_ALWAYS] = TL_STR("always"),
                                          [DICE_NEVER] = TL_STR("never"),
                                          [DICE_EXPONENTIAL] = TL_STR("exponential"),
                                          [DICE_LOGNORMAL] = TL_STR("lognormal")};
    static const unsigned numbers[] = {1, 0, 1, 2};
    struct tl_str part = {0};
    tl_dur of[2] = {0};
    unsigned kind = 0, n = 0;

    if (!tl_str_split(&text, ' ', &part))
        return -EINVAL;
    while (kind < TL_LEN(words) && !tl_str_eq(words[kind], part))
        kind++;
    while (tl_str_split(&text, ' ', &part))
        if (part.n && (n == 2 || dice_duration(&of[n++], part)))
            return -EINVAL;
    if (kind == TL_LEN(words) || n != numbers[kind] || (kind >= DICE_EXPONENTIAL && of[0] == 0))
        return -EINVAL;
    *ret = (struct dice){.kind = (enum dice_kind)kind, .mean = (double)of[0]};
    if (kind == DICE_LOGNORMAL) {
        double spread = (double)of[1] / (double)of[0];
        ret->sigma = sqrt(log1p(spread * spread));
        ret->mu = log((double)of[0]) - ret->sigma * ret->sigma / 2;
    }
    return 0;
}

/* Box-Muller; the second number is not kept, so that rolls do not depend on each other. */
static double normal(struct rng *r)
{
    double radius = sqrt(rng_exp(r, 2)), angle = rng_unit(r);

    return radius * cos(6.283185307179586 * angle);
}

tl_dur dice_roll(const struct dice *d, struct rng *r)
{
    double x = d->mean;

    switch (d->kind) {
    case DICE_NEVER: return TL_NEVER;
    case DICE_EXPONENTIAL: x = rng_exp(r, d->mean); break;
    case DICE_LOGNORMAL: x = exp(d->mu + d->sigma * normal(r)); break;
    default: break;
    }
    return (tl_dur)(x < 1e15 ? x + 0.5 : 1e15);
}
