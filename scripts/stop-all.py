#!/usr/bin/python3
"""usage: stop-all.py SUPERVISOR-SOCKET SERVICE...     Stop the services side by side, then everything, then the supervisor.

The services go first, so that they drain while their servers still answer.  supervisorctl would stop
one after the other.
"""
import sys
import time
import xmlrpc.client

from supervisor.states import STOPPED_STATES
from supervisor.xmlrpc import SupervisorTransport

PATIENCE_S = 15  # stopwaitsecs is 12; then the supervisor kills


def stop(supervisor, wanted):
    for info in supervisor.getAllProcessInfo():
        if wanted(info["name"]) and info["state"] not in STOPPED_STATES:
            try:
                supervisor.stopProcess(info["name"], False)
            except xmlrpc.client.Fault:
                pass  # it ended by itself just now
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if all(i["state"] in STOPPED_STATES for i in supervisor.getAllProcessInfo() if wanted(i["name"])):
            return
        time.sleep(0.05)


def main(socket, *services):
    transport = SupervisorTransport(None, None, "unix://" + socket)
    supervisor = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
    stop(supervisor, lambda name: name in services)
    stop(supervisor, lambda name: True)
    supervisor.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
