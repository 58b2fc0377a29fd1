"""Methods of Motor 1 and 2 that are commands today, as a scripted server sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from bson.code import Code
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import cursor_answer

from whirlwind.mongo import MotorCollection

IGNORED = ("$db", "lsid", "$readPreference", "$clusterTime")


def sent(command: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in command.items() if name not in IGNORED}


@pytest.mark.parametrize(
    ("call", "database", "command", "answer", "result"),
    [
        pytest.param(
            lambda t: t.client.fsync(lock=True),
            "admin",
            {"fsync": 1, "lock": True},
            {"ok": 1, "locked": True},
            {"ok": 1, "locked": True},
            id="fsync",
        ),
        pytest.param(
            lambda t: t.client.unlock(), "admin", {"fsyncUnlock": 1}, {"ok": 1}, {"ok": 1},
            id="unlock",
        ),
        pytest.param(
            lambda t: t.database.current_op(include_all=True),
            "admin",
            {
                "aggregate": 1,
                "cursor": {},
                "pipeline": [{"$currentOp": {"allUsers": True, "idleConnections": True}}],
            },
            cursor_answer([{"op": "query"}], first=True),
            {"inprog": [{"op": "query"}]},
            id="current_op",
        ),
        pytest.param(
            lambda t: t.database.profiling_level(), "test", {"profile": -1}, {"ok": 1, "was": 2}, 2,
            id="profiling_level",
        ),
        pytest.param(
            lambda t: t.database.set_profiling_level(1, slow_ms=50),
            "test",
            {"profile": 1, "slowms": 50},
            {"ok": 1, "was": 0},
            None,
            id="set_profiling_level",
        ),
        pytest.param(
            lambda t: t.database.profiling_info(),
            "test",
            {"find": "system.profile", "filter": {}},
            cursor_answer([{"op": "query"}], first=True),
            [{"op": "query"}],
            id="profiling_info",
        ),
        pytest.param(
            lambda t: t.database.add_user("me", "secret", read_only=True),
            "test",
            {"updateUser": "me", "pwd": "secret", "roles": ["read"]},
            {"ok": 1},
            None,
            id="add_user",
        ),
        pytest.param(
            lambda t: t.database.remove_user("me"), "test", {"dropUser": "me"}, {"ok": 1}, None,
            id="remove_user",
        ),
        pytest.param(
            lambda t: t.reindex(), "test", {"reIndex": "things"}, {"ok": 1}, {"ok": 1},
            id="reindex",
        ),
        pytest.param(
            lambda t: t.inline_map_reduce("m", "r", query={"a": 1}),
            "test",
            {
                "mapReduce": "things",
                "map": Code("m"),
                "reduce": Code("r"),
                "out": {"inline": 1},
                "query": {"a": 1},
            },
            {"ok": 1, "results": [1]},
            [1],
            id="inline_map_reduce",
        ),
    ],
)  # fmt: skip
def test_the_command_is_sent_and_the_call_warns_once(
    call: Callable[[Any], Any],
    database: str,
    command: dict[str, Any],
    answer: dict[str, Any],
    result: Any,
) -> None:
    async def scene() -> None:
        async with scripted(lambda name, given: answer) as (server, things):
            with pytest.warns(DeprecationWarning, match="is deprecated; use"):
                assert await call(things) == result
            assert await call(things) == result  # a second warning would be an error
            assert server.commands[0]["$db"] == database
            assert sent(server.commands[0]) == command

    run(scene)


@pytest.mark.parametrize(
    ("result", "expected"),
    [("out", "test.out"), ({"db": "other", "collection": "out"}, "other.out")],
)
@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_map_reduce_returns_the_collection_of_the_results(result: Any, expected: str) -> None:
    async def scene() -> None:
        answer = {"ok": 1, "result": result}
        async with scripted(lambda name, command: answer) as (_, things):
            collection = await things.map_reduce("m", "r", "out")
            assert isinstance(collection, MotorCollection)
            assert collection.full_name == expected
            assert await things.map_reduce("m", "r", "out", full_response=True) == answer

    run(scene)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_a_user_that_is_not_there_is_created_and_its_removal_is_no_error() -> None:
    def answer(name: str, command: dict[str, Any]) -> Mapping[str, Any]:
        if name == "createUser":
            return {"ok": 1}
        return {"ok": 0, "code": 11, "errmsg": "no such user"}

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            await things.database.add_user("me", "secret")
            await things.database.remove_user("me")
            assert server.names == ["updateUser", "createUser", "dropUser"]
            assert server.commands[1]["roles"] == ["dbOwner"]
            with pytest.raises(ValueError, match="not both"):
                await things.database.add_user("me", roles=["read"], read_only=True)
            with pytest.raises(ValueError, match="0, 1 or 2"):
                await things.database.set_profiling_level(5)

    run(scene)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda t: t.database.authenticate("me", "secret"), "username="),
        (lambda t: t.database.logout(), "without credentials"),
        (lambda t: t.database.eval("1"), "MongoDB 4.2"),
        (lambda t: t.database.error(), "raises its error"),
        (lambda t: t.group({}), r"\$group"),
        (lambda t: t.parallel_scan(3), "find"),
        (lambda t: t.client.kill_cursors([1]), "close"),
    ],
)
def test_what_has_no_method_any_more_says_what_to_do_instead(
    call: Callable[[Any], Any], hint: str
) -> None:
    async def scene() -> None:
        async with scripted() as (_, things):
            with pytest.raises(TypeError, match=f"instead: .*{hint}"):
                call(things)

    run(scene)
