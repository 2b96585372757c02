/*
 * Ordered tables of marks: the first mark that the text contains names the family.  Most browsers
 * also carry the marks of those they are compatible with, so the rarer one stands first.
 * Families are named as the uap-core project (github.com/ua-parser/uap-core) names them.
 */
#include "browser.h"

#include <stdio.h>

struct mark {
    const char *has;  /* the text contains this */
    const char *also; /* and this, unless NULL */
    const char *family;
};

static const struct mark browsers[] = {
    {"Googlebot", NULL, "Googlebot"},
    {"bingbot", NULL, "bingbot"},
    {"YandexBot", NULL, "YandexBot"},
    {"Applebot", NULL, "Applebot"},
    {"FBAV/", NULL, "Facebook"},
    {"FBAN/", NULL, "Facebook"},
    {"Instagram", NULL, "Instagram"},
    {"EdgiOS/", NULL, "Edge Mobile"},
    {"EdgA/", NULL, "Edge Mobile"},
    {"Edg/", NULL, "Edge"},
    {"Edge/", "Windows Phone", "Edge Mobile"},
    {"Edge/", NULL, "Edge"},
    {"SamsungBrowser/", NULL, "Samsung Internet"},
    {"YaBrowser/", NULL, "Yandex Browser"},
    {"Vivaldi/", NULL, "Vivaldi"},
    {"UCBrowser/", NULL, "UC Browser"},
    {"Whale/", NULL, "Whale"},
    {"DuckDuckGo/", "Mobile", "DuckDuckGo Mobile"},
    {"OPiOS/", NULL, "Opera Mini"},
    {"Opera Mini/", NULL, "Opera Mini"},
    {"Opera Mobi", NULL, "Opera Mobile"},
    {"OPR/", "Mobile", "Opera Mobile"},
    {"OPR/", NULL, "Opera"},
    {"Opera", NULL, "Opera"},
    {"FxiOS/", NULL, "Firefox iOS"},
    {"Focus/", NULL, "Firefox Focus"},
    {"Fennec/", NULL, "Firefox Mobile"},
    {"SeaMonkey/", NULL, "SeaMonkey"},
    {"PaleMoon/", NULL, "Pale Moon"},
    {"Firefox/", "Mobile", "Firefox Mobile"},
    {"Firefox/", "Tablet", "Firefox Mobile"},
    {"Firefox/", NULL, "Firefox"},
    {"IEMobile", NULL, "IE Mobile"},
    {"MSIE ", NULL, "IE"},
    {"Trident/", NULL, "IE"},
    {"Electron/", NULL, "Electron"},
    {"HeadlessChrome", NULL, "HeadlessChrome"},
    {"CriOS/", NULL, "Chrome Mobile iOS"},
    {"GSA/", NULL, "Google"},
    {"Chrome/", "; wv)", "Chrome Mobile WebView"},
    {"Version/4.0 Chrome/", NULL, "Chrome Mobile WebView"},
    {"Chrome/", "Mobile", "Chrome Mobile"},
    {"Chrome/", NULL, "Chrome"},
    {"Chromium/", NULL, "Chromium"},
    {"BlackBerry", NULL, "BlackBerry"},
    {"BB10", NULL, "BlackBerry WebKit"},
    {"Android", "Safari/", "Android"},
    {"iPhone", "Safari/", "Mobile Safari"},
    {"iPad", "Safari/", "Mobile Safari"},
    {"iPod", "Safari/", "Mobile Safari"},
    {"iPhone", "AppleWebKit/", "Mobile Safari UI/WKWebView"},
    {"iPad", "AppleWebKit/", "Mobile Safari UI/WKWebView"},
    {"iPod", "AppleWebKit/", "Mobile Safari UI/WKWebView"},
    {"Safari/", NULL, "Safari"},
    {"Macintosh", "AppleWebKit/", "Apple Mail"},
    {"curl/", NULL, "curl"},
    {"Wget/", NULL, "Wget"},
};

static const struct mark systems[] = {
    {"Windows Phone", NULL, "Windows Phone"},
    {"Xbox", NULL, "Windows"},
    {"Windows", NULL, "Windows"},
    {"Win98", NULL, "Windows"},
    {"WinNT", NULL, "Windows"},
    {"Tizen", NULL, "Tizen"},
    {"KAIOS", NULL, "KaiOS"},
    {"watchOS", NULL, "WatchOS"},
    {"AppleTV", NULL, "ATV OS X"},
    {"Apple TV", NULL, "ATV OS X"},
    {"Android", NULL, "Android"},
    {"iPhone", NULL, "iOS"},
    {"iPad", NULL, "iOS"},
    {"iPod", NULL, "iOS"},
    {"Mac OS X", NULL, "Mac OS X"},
    {"Macintosh", NULL, "Mac OS X"},
    {"Mac_PowerPC", NULL, "Mac OS"},
    {"BlackBerry", NULL, "BlackBerry OS"},
    {"BB10", NULL, "BlackBerry OS"},
    {"CrOS", NULL, "Chrome OS"},
    {"webOS", NULL, "webOS"},
    {"Web0S", NULL, "Web0S"},
    {"Ubuntu", NULL, "Ubuntu"},
    {"Fedora", NULL, "Fedora"},
    {"FreeBSD", NULL, "FreeBSD"},
    {"OpenBSD", NULL, "OpenBSD"},
    {"SunOS", NULL, "Solaris"},
    {"SymbianOS", NULL, "Symbian OS"},
    {"Linux", NULL, "Linux"},
};

static bool has(struct tl_str s, const char *mark)
{
    return memmem(s.s, s.n, mark, strlen(mark)) != NULL;
}

static const char *find(const struct mark *marks, size_t n, struct tl_str s)
{
    if (!s.n)
        return "Other";
    for (size_t i = 0; i < n; i++)
        if (has(s, marks[i].has) && (!marks[i].also || has(s, marks[i].also)))
            return marks[i].family;
    return "Other";
}

const char *clickstream_browser_family(struct tl_str user_agent)
{
    return find(browsers, TL_LEN(browsers), user_agent);
}

const char *clickstream_browser_system(struct tl_str user_agent)
{
    return find(systems, TL_LEN(systems), user_agent);
}

void clickstream_browser_name(char ret[48], struct tl_str user_agent)
{
    const char *family = clickstream_browser_family(user_agent);
    const char *system = clickstream_browser_system(user_agent);
    bool known_family = strcmp(family, "Other") != 0, known_system = strcmp(system, "Other") != 0;

    if (known_family && known_system)
        snprintf(ret, 48, "%s on %s", family, system);
    else
        snprintf(ret, 48, "%s", known_family ? family : known_system ? system : "");
}
