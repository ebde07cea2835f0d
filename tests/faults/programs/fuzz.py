"""Sends what schemathesis makes of an OpenAPI v3 document: takes URL, token, document, seconds and examples.

Prints how many requests were sent; answers of 5xx and connections that break end the program with a list of them.
"""

import os
import sys
import time
import warnings

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

URL, TOKEN, DOCUMENT = sys.argv[1:4]
SECONDS, EXAMPLES = float(sys.argv[4]), int(sys.argv[5])
STREAMS = ("/exec", "/attach", "/portforward", "/proxy", "/log")
KNOWN = (
    "strconv.ParseUint",
    "failed to create typed patch object",
    "failed to convert",
    "unknown patch type",
    "Component not found",
    "target.name: Required value",
)
"""Errors without a status of their own, which the real server tells as 500, too.

# k8s: the last two are of pkg/registry/core/componentstatus/rest.go and pkg/registry/core/pod/storage/storage.go
"""

warnings.simplefilter("ignore")
session = requests.Session()
session.verify = False
session.headers["Authorization"] = f"Bearer {TOKEN}"
document = session.get(f"{URL}/openapi/v3/{DOCUMENT}", timeout=30).json()
schema = schemathesis.openapi.from_dict(document)
schema.config.update(base_url=URL)
problems: list[str] = []
counts: dict[int, int] = {}
end = time.monotonic() + SECONDS


def send(case: schemathesis.Case) -> None:
    # A watch would only be waited for.
    (case.query or {}).pop("watch", None)
    try:
        response = case.call(session=session, verify=False, timeout=10)
    except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError, ValueError):
        return  # what no client can send
    except requests.RequestException as error:
        problems.append(f"{case.method} {case.formatted_path} {case.headers} {case.body!r}: {error}")
        return
    counts[response.status_code] = counts.get(response.status_code, 0) + 1
    if response.status_code >= 500 and not any(text in response.text for text in KNOWN):
        problems.append(f"{case.method} {case.formatted_path} {case.query} {case.body!r}: {response.text[:400]}")


def run(operation: object) -> None:
    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(case=operation.as_strategy())
    def attempt(case: schemathesis.Case) -> None:
        if time.monotonic() < end:
            send(case)

    attempt()


for result in schema.get_all_operations():
    operation = result.ok()
    if time.monotonic() < end and "/watch/" not in operation.path and not operation.path.endswith(STREAMS):
        run(operation)
print(f"{sum(counts.values())} requests: {dict(sorted(counts.items()))}", flush=True)
print("\n".join(problems[:20]), flush=True)
os._exit(1 if problems or not counts else 0)
