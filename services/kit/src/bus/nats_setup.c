/* Streams are made by a set-up program on a connection of its own, because these calls block. */
#include "nats_link.h"

#include <stdio.h>
#include <string.h>

static natsStatus setup_stream(jsCtx *js, const struct tl_stream *want, const char **name)
{
    jsStreamConfig cfg;
    jsErrCode code = 0;
    natsStatus s;
    int n = 0;

    *name = want->name;
    jsStreamConfig_Init(&cfg);
    cfg.Name = want->name;
    cfg.Subjects = (const char **)want->subjects;
    while (n < (int)TL_LEN(want->subjects) && want->subjects[n])
        n++;
    cfg.SubjectsLen = n;
    cfg.Storage = js_FileStorage;
    cfg.Retention = js_LimitsPolicy;
    cfg.Discard = js_DiscardOld;
    cfg.MaxBytes = want->max_bytes;
    cfg.Duplicates = want->dedup * 1000;
    s = js_AddStream(NULL, js, &cfg, NULL, &code);
    if (s != NATS_OK && code == JSStreamNameExistErr)
        s = js_UpdateStream(NULL, js, &cfg, NULL, &code);
    return s;
}

int tl_bus_setup(const struct tl_bus_opts *opts, const struct tl_stream *streams, size_t n,
                 char why[256])
{
    natsOptions *o = NULL;
    natsConnection *nc = NULL;
    jsCtx *js = NULL;
    const char *at = "connection";
    char inbox[80];
    natsStatus s = NATS_NO_MEMORY;

    if (nats_options(&o, opts))
        goto out;
    snprintf(inbox, sizeof(inbox), "_INBOX.%s", opts->name); /* the only one this user may hear */
    s = natsOptions_SetCustomInboxPrefix(o, inbox);
    if (s == NATS_OK)
        s = natsConnection_Connect(&nc, o);
    if (s == NATS_OK)
        s = natsConnection_JetStream(&js, nc, NULL);
    for (size_t i = 0; s == NATS_OK && i < n; i++)
        s = setup_stream(js, &streams[i], &at);
out:
    if (s != NATS_OK)
        snprintf(why, 256, "%s: %s", at, natsStatus_GetText(s));
    jsCtx_Destroy(js);
    natsConnection_Destroy(nc);
    natsOptions_Destroy(o);
    return nats_errno(s);
}
