#!/usr/bin/python3
"""usage: kafka-topics.py BROKERS DONE-FILE     Create the topic of every service that is not there yet.

One topic per service, threadline.<service>.v1, whose one message type is that service's envelope.
DONE-FILE remembers what was made in this data folder, so that the next start need not ask.
"""
import sys
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

SERVICES = "signaling media conversation ivr acd clickstream cobrowse analytics email portal".split()
PARTITIONS = 4


def main(brokers, done_file):
    topics = [f"threadline.{s}.v1" for s in SERVICES]
    try:
        with open(done_file) as f:
            if f.read().split() == topics:
                return 0
    except FileNotFoundError:
        pass
    admin = AdminClient({"bootstrap.servers": brokers, "socket.timeout.ms": 5000})
    there = admin.list_topics(timeout=20).topics
    missing = [NewTopic(t, PARTITIONS, 1) for t in topics if t not in there]
    if missing:
        for name, result in admin.create_topics(missing, operation_timeout=15).items():
            try:
                result.result()
            except KafkaException as e:
                print(f"kafka: topic {name}: {e}", file=sys.stderr)
                return 1
    with open(done_file, "w") as f:
        f.write("\n".join(topics) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
