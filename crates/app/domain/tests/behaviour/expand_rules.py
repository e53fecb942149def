"""Reads rules from stdin, one JSON object a line, and prints the times that python-dateutil gives:
{"rule": RRULE, "start": "2026-11-27T09:00:00", "from": ..., "count": 12, "last_year": 2100}."""

import datetime
import json
import sys

from dateutil import rrule


class Calendar:
    """The datetime module, whose last year is that of the case: a rule that never fires ends there."""

    def __init__(self, last_year):
        self.MAXYEAR = last_year

    def __getattr__(self, name):
        return getattr(datetime, name)


def expand(case):
    rrule.datetime = Calendar(case["last_year"])
    start, first = (datetime.datetime.fromisoformat(case[name]) for name in ("start", "from"))
    found = []
    try:
        rule = rrule.rrulestr(case["rule"], dtstart=start)
    except ValueError:
        # Hours that the steps of the rule never come to.
        return found
    for time in rule:
        if time.year > case["last_year"] or len(found) == case["count"]:
            break
        if time > first:
            found.append(time.isoformat())
    return found


for line in sys.stdin:
    print(json.dumps(expand(json.loads(line))))
