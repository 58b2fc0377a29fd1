"""Sessions and transactions, as far as a client sends them."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import InvalidOperation, OperationFailure
from tests.mongo.scripted import run, scripted
from tests.support.mongo_wire import batches

from whirlwind.mongo import MotorClientSession


def accept(name: str, command: dict[str, Any]) -> Any:
    return {"ok": 1, "n": 1}


def test_operations_with_a_session_carry_its_number() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            async with await things.client.start_session() as session:
                assert isinstance(session, MotorClientSession)
                assert session.client is things.client
                ended = [session.has_ended]
                await things.insert_one({}, session=session)
                await things.delete_one({}, session=session)
                number = session.session_id
            assert [*ended, session.has_ended] == [False, True]
            assert [command["lsid"] for command in server.commands] == [number, number]

    run(scene)


def test_a_cursor_with_a_session_carries_it_and_shows_it() -> None:
    async def scene() -> None:
        async with (
            scripted(batches(1, 1)) as (server, things),
            await things.client.start_session() as session,
        ):
            cursor = things.find(session=session)
            assert len(await cursor.to_list()) == 2
            assert cursor.session.session_id == session.session_id
            assert len(await things.aggregate([], session=session).to_list()) == 2
            assert {command["lsid"]["id"] for command in server.commands} == {
                session.session_id["id"]
            }
            assert things.find().session is None

    run(scene)


def test_a_transaction_is_committed_at_the_end_of_its_block() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            async with await things.client.start_session() as session:
                async with session.start_transaction():
                    assert session.in_transaction
                    await things.insert_one({}, session=session)
                    await things.insert_one({}, session=session)
                assert not session.in_transaction
            first, second, commit = server.commands
            assert first["startTransaction"] is True
            assert "startTransaction" not in second
            assert "commitTransaction" in commit
            assert first["txnNumber"] == second["txnNumber"] == commit["txnNumber"]

    run(scene)


def test_an_error_in_the_block_aborts_the_transaction_and_goes_on() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            async with await things.client.start_session() as session:
                with pytest.raises(ZeroDivisionError):
                    async with session.start_transaction():
                        await things.insert_one({}, session=session)
                        raise ZeroDivisionError
            assert server.names == ["insert", "abortTransaction"]

    run(scene)


def test_a_transaction_can_be_ended_by_hand() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):
            async with await things.client.start_session() as session:
                session.start_transaction()
                await things.insert_one({}, session=session)
                await session.commit_transaction()
                async with session.start_transaction():
                    await things.insert_one({}, session=session)
                    await session.abort_transaction()
            assert server.names == ["insert", "commitTransaction", "insert", "abortTransaction"]

    run(scene)


def test_a_second_transaction_in_one_session_is_refused_where_it_is_started() -> None:
    async def scene() -> None:
        async with (
            scripted(accept) as (_, things),
            await things.client.start_session() as session,
        ):
            session.start_transaction()
            with pytest.raises(InvalidOperation):
                session.start_transaction()

    run(scene)


def test_with_transaction_runs_the_function_again_where_the_server_asks() -> None:
    tries = 0

    def answer(name: str, command: dict[str, Any]) -> Any:
        nonlocal tries
        if name == "insert":
            tries += 1
            if tries == 1:
                return {
                    "ok": 0,
                    "code": 112,
                    "errmsg": "conflict",
                    "errorLabels": ["TransientTransactionError"],
                }
        return {"ok": 1, "n": 1}

    async def scene() -> None:
        async with scripted(answer) as (server, things):
            given = []

            async def work(session: MotorClientSession) -> str:
                given.append(session)
                await things.insert_one({}, session=session)
                return "done"

            async with await things.client.start_session() as session:
                assert await session.with_transaction(work) == "done"
                assert given == [session, session]
            assert server.names[-2:] == ["insert", "commitTransaction"]

    run(scene)


def test_with_transaction_aborts_on_an_error_of_the_function() -> None:
    async def scene() -> None:
        async with scripted(accept) as (server, things):

            async def work(session: MotorClientSession) -> None:
                await things.insert_one({}, session=session)
                raise ZeroDivisionError

            async with await things.client.start_session() as session:
                with pytest.raises(ZeroDivisionError):
                    await session.with_transaction(work)
            assert server.names == ["insert", "abortTransaction"]

    run(scene)


def test_a_failing_commit_is_the_error_of_the_block() -> None:
    def answer(name: str, command: dict[str, Any]) -> Any:
        if name == "commitTransaction":
            return {"ok": 0, "code": 50, "errmsg": "too late"}
        return {"ok": 1, "n": 1}

    async def scene() -> None:
        async with (
            scripted(answer) as (_, things),
            await things.client.start_session() as session,
        ):
            with pytest.raises(OperationFailure, match="too late"):
                async with session.start_transaction():
                    await things.insert_one({}, session=session)

    run(scene)


def test_a_plain_with_says_what_to_write() -> None:
    async def scene() -> None:
        async with (
            scripted() as (_, things),
            await things.client.start_session() as session,
        ):
            with pytest.raises(AttributeError, match="async with"), session:
                pass

    run(scene)
