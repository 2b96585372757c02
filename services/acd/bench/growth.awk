#!/usr/bin/awk -f
# usage: growth.awk OUTPUT-OF-bench_core     Draws the growth curves as an SVG: cost of a fact over agents (with
# thousands waiting, and with nearly all of them idle) and over waiting contacts, both axes logarithmic.
function lg(x) { return log(x) / log(10) }
function px(x) { return 80 + (lg(x) - 2) * 150 }          # 100 .. 1 000 000
function py(y) { return 300 - (lg(y) - 1) * 90 }          # 10 .. 10 000 ns
function curve(name, colour, n, xs, ys,    i, s) {
    s = ""
    for (i = 1; i <= n; i++) s = s sprintf("%.0f,%.0f ", px(xs[i]), py(ys[i]))
    printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\"/>\n", s, colour
    for (i = 1; i <= n; i++)
        printf "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"4\" fill=\"%s\"/><text x=\"%.0f\" y=\"%.0f\" font-size=\"11\" text-anchor=\"middle\">%d</text>\n", px(xs[i]), py(ys[i]), colour, px(xs[i]), py(ys[i]) - 9 + (name == "agents" ? 26 : name == "idle" ? -6 : 0), ys[i]
}
/^agents/  { what = "agents"; next }
/^waiting/ { what = "waiting"; next }
/^idle/    { what = "idle"; next }
/^[0-9]+ +[0-9]+$/ {
    if (what == "agents") { na++; ax[na] = $1; ay[na] = $2 }
    else if (what == "waiting") { nw++; wx[nw] = $1; wy[nw] = $2 }
    else if (what == "idle") { ni++; ix[ni] = $1; iy[ni] = $2 }
}
END {
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 740 370\" font-family=\"sans-serif\">"
    print "<rect width=\"740\" height=\"370\" fill=\"white\"/>"
    print "<text x=\"80\" y=\"24\" font-size=\"15\">ACD core: processor time of one fact [ns]</text>"
    for (d = 1; d <= 4; d++)
        printf "<line x1=\"80\" x2=\"690\" y1=\"%.0f\" y2=\"%.0f\" stroke=\"#ddd\"/><text x=\"72\" y=\"%.0f\" font-size=\"11\" text-anchor=\"end\">%d</text>\n", py(10 ^ d), py(10 ^ d), py(10 ^ d) + 4, 10 ^ d
    for (d = 2; d <= 6; d++)
        printf "<line y1=\"30\" y2=\"300\" x1=\"%.0f\" x2=\"%.0f\" stroke=\"#eee\"/><text x=\"%.0f\" y=\"318\" font-size=\"11\" text-anchor=\"middle\">%d</text>\n", px(10 ^ d), px(10 ^ d), px(10 ^ d), 10 ^ d
    curve("agents", "#2b6cb0", na, ax, ay)
    curve("waiting", "#c05621", nw, wx, wy)
    curve("idle", "#2f855a", ni, ix, iy)
    print "<text x=\"80\" y=\"345\" font-size=\"12\" fill=\"#2b6cb0\">agents (10 000 waiting)</text>"
    print "<text x=\"250\" y=\"345\" font-size=\"12\" fill=\"#c05621\">waiting contacts (1000 agents)</text>"
    print "<text x=\"450\" y=\"345\" font-size=\"12\" fill=\"#2f855a\">agents, nearly all idle, nobody waiting</text>"
    print "<text x=\"450\" y=\"24\" font-size=\"12\">50 queues, 200 skills, logarithmic axes</text>"
    print "</svg>"
}
