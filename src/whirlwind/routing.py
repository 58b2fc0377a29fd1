"""From a request to what answers it: routers, rules, matchers.

Door: names only. Routers are in ``_web/routing.py``, matchers in ``_web/matchers.py``.
"""

from whirlwind._base.publish import publish
from whirlwind._web.matchers import (
    AnyMatches,
    DefaultHostMatches,
    HostMatches,
    Matcher,
    PathMatches,
)
from whirlwind._web.routing import (
    ReversibleRouter,
    ReversibleRuleRouter,
    Router,
    Rule,
    RuleRouter,
    URLSpec,
    _RuleList,
)

__all__ = [
    "AnyMatches",
    "DefaultHostMatches",
    "HostMatches",
    "Matcher",
    "PathMatches",
    "ReversibleRouter",
    "ReversibleRuleRouter",
    "Router",
    "Rule",
    "RuleRouter",
    "URLSpec",
    "_RuleList",
]

publish(__name__, globals())
