#!/bin/sh
# usage: collect.sh SERVICE OUT     Build SERVICE and lay out its image below OUT (runs in the image's build stage).
set -eu
service=$1 out=$2
programs=build/tl-$service
case $service in
cli) programs=build/tl ;;
media-relay) programs="build/tl-media-relay build/tl-media-plane" ;;
esac

make -j"$(nproc)" $programs build/gen/descriptors.pb
mkdir -p "$out/etc/ssl/certs" "$out/etc/threadline" "$out/usr/share/threadline" "$out/tmp" "$out/run/threadline"
chmod 1777 "$out/tmp" && chown 10001:10001 "$out/run/threadline"

with_libraries() { # every library FILE loads, to the same path
    ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while read -r lib; do
        mkdir -p "$out$(dirname "$lib")"
        cp -L "$lib" "$out$lib"
    done
}
for program in $programs; do
    strip -o "$out/$(basename "$program")" "$program"
    with_libraries "$program"
done
ln "$out/$(basename "${programs%% *}")" "$out/service"

# Name resolution loads these by name at run time, so ldd does not list them.
for lib in /lib/*-linux-gnu/libnss_dns.so.2 /lib/*-linux-gnu/libnss_files.so.2 /lib/*-linux-gnu/libresolv.so.2; do
    mkdir -p "$out$(dirname "$lib")"
    cp -L "$lib" "$out$lib"
done
echo 'hosts: files dns' >"$out/etc/nsswitch.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/"
echo 'threadline:x:10001:10001::/:/none' >"$out/etc/passwd"
echo 'threadline:x:10001:' >"$out/etc/group"

cp -R deploy/config/. "$out/etc/threadline/"
cp build/gen/descriptors.pb "$out/usr/share/threadline/"
case $service in
media-relay) make build/media && cp -R build/media "$out/usr/share/threadline/" ;;
portal) bash scripts/build-web.sh build && cp -R build/web "$out/usr/share/threadline/" ;;
esac
