"""Which languages a browser asks for, in its order (RFC 9110, section 12.5.4).

Layer: web. Pure.
"""

from __future__ import annotations

import math


def preferred_languages(field: str) -> list[str]:
    """Return the language codes of an Accept-Language field, the most wanted first.

    Codes that are wanted as much keep their order. One with a weight of 0 is left out, and so is
    one whose weight is no number: what the browser meant by it cannot be told. The time is that
    of one pass over the field and of sorting what it names.

    Args:
        field: The field's value.

    Returns:
        The codes as they were sent, for ``Locale.get_closest``.

    Source: RFC 9110, sections 12.4.2 (weights) and 12.5.4.
    """
    ranges = []
    for entry in field.split(","):
        code, _, parameter = entry.partition(";")
        weight = _weight(parameter.partition(";")[0].strip()) if parameter else 1.0
        if weight > 0:
            ranges.append((-weight, code.strip()))
    ranges.sort(key=_by_weight)
    return [code for _, code in ranges]


def _by_weight(entry: tuple[float, str]) -> float:
    return entry[0]


def _weight(parameter: str) -> float:
    name, equals, value = parameter.partition("=")
    if not equals or name.strip().lower() != "q":
        return 1.0  # of another kind, and none that a language has
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return 0.0 if math.isnan(weight) else weight
