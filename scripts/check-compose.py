#!/usr/bin/python3
"""usage: check-compose.py COMPOSE-FILE BUILD     Each service's settings there are ones its program knows.

A service refuses to start with a setting of its own prefix that it does not know, and a misspelt
common one would silently keep its default, so both are found here instead of in a container.
"""
import os
import re
import subprocess
import sys

import yaml

COMMON = {"TL_PUBLIC_ORIGIN", "TL_REDIS_URL", "TL_LOG_LEVEL"}  # given to all, used by some


def main(path, build):
    with open(path) as f:
        services = yaml.safe_load(f)["services"]
    bad = seen = 0
    for name, service in services.items():
        image = re.match(r"threadline/([a-z-]+):", service.get("image", ""))
        entry = service.get("entrypoint") or []
        program = entry[0].lstrip("/") if entry else f"tl-{image.group(1)}" if image else ""
        program = os.path.join(build, "tl" if program == "tl-cli" else program)
        if not image or not os.access(program, os.X_OK) or os.path.basename(program) == "tl":
            continue
        seen += 1
        known = set(re.findall(r"TL_[A-Z0-9_]+", subprocess.run([program, "--help"], capture_output=True, text=True).stdout))
        for setting in service.get("environment", {}):
            if setting not in known | COMMON:
                print(f"{path}: {name}: {os.path.basename(program)} does not know {setting}")
                bad = 1
        for setting in service.get("environment", {}):
            value = str(service["environment"][setting])
            if value.startswith("/run/secrets/") and value.split("/")[-1] not in service.get("secrets", []):
                print(f"{path}: {name}: {setting} names a secret that is not given to it")
                bad = 1
    if not seen:
        print(f"nothing is built in {build}")
        bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
