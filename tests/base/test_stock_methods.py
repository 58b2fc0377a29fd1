"""Methods that are ours still, and those that programs and agents put in their place."""

from __future__ import annotations

from typing import Any

from whirlwind._base.stock_methods import is_stock


class Wrapper:
    """As agents have it: all attributes are those of what is inside."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)


class Stock:
    def method(self) -> None:
        pass

    @classmethod
    def of_class(cls) -> None:
        pass


class Own(Stock):
    def method(self) -> None:
        pass


def test_a_method_is_stock_while_nobody_replaces_or_wraps_it() -> None:
    stock = Stock.method
    assert is_stock(Stock().method, stock)
    assert not is_stock(Own().method, stock)
    assert not is_stock(Wrapper(Stock().method), stock)
    assert not is_stock(stock, stock)
    assert not is_stock(None, stock)
    of_class: Any = Stock.of_class
    assert is_stock(Own.of_class, of_class.__func__)
    assert not is_stock(Wrapper(of_class), of_class.__func__)
