"""Asks by the stock provider of Python, and prints what it got: `probe.py URL ID`."""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

url, policy = sys.argv[1:3]
api.set_provider(OFREPProvider(url))
client = api.get_client()
anyone = EvaluationContext("bot-1")
in_ncr = EvaluationContext("bot-1", {"region": "NCR"})


def word(value):
    return None if value is None else str(getattr(value, "value", value))


def told(details):
    return {
        "limit": details.value.get("limit"),
        "reason": word(details.reason),
        "variant": details.variant,
        "scope": details.flag_metadata.get("scope"),
        "error": word(details.error_code),
    }


print(
    json.dumps(
        {
            "stable": told(client.get_object_details(policy, {}, anyone)),
            "canary": told(client.get_object_details(policy, {}, in_ncr)),
            "field": client.get_integer_value(f"{policy}.limit", 0, anyone),
            "version": client.get_string_value(f"{policy}.version", "", anyone),
            "unknown": word(client.get_object_details("no-such-policy", {}, anyone).error_code),
            "keyless": word(client.get_object_details(policy, {}, EvaluationContext()).error_code),
        }
    )
)
