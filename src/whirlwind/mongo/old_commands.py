"""Commands that Motor 1 and 2 had methods for, sent as commands.

Layer: public package ``mongo``.

Each warns once in a process with what replaces it. What a server of today does not know any more
is that server's error to raise; what no program could have any more, such as logging in on a
connection that is open, has no method: calling the name says what to do instead (``instead_of``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson.code import Code
from pymongo.errors import OperationFailure

from whirlwind.mongo.legacy import deprecated

_USER_NOT_FOUND: Final = 11

# Names without a method, for the message of who calls them.
_GONE: Final = {
    "authenticate": "give username= and password= to MotorClient, or write them in its URI",
    "logout": "close the client and make one without credentials",
    "eval": "send commands; servers run no JavaScript for eval since MongoDB 4.2",
    "error": "await the operation: it raises its error",
    "last_status": "await the operation: it raises its error",
    "previous_error": "await the operation: it raises its error",
    "reset_error_history": "await the operation: it raises its error",
    "group": "use aggregate() with a $group stage",
    "parallel_scan": "use find(): servers have had one cursor for it since MongoDB 4.2",
    "kill_cursors": "await cursor.close()",
    "close_cursor": "await cursor.close()",
}


def instead_of(name: str) -> str:
    """Return what to do instead of calling a name that is gone, as the end of a message."""
    return f"; instead: {_GONE[name]}" if name in _GONE else ""


# --- clients ----------------------------------------------------------------------------------


@deprecated("client.admin.command('fsync')")
async def fsync(client: Any, /, **options: Any) -> Any:
    """Write all data to disk; ``lock=True`` keeps writes away until ``unlock``."""
    return await client.delegate.admin.command("fsync", **options)


@deprecated("client.admin.command('fsyncUnlock')")
async def unlock(client: Any, /, session: Any = None) -> Any:
    """Let writes in again after ``fsync(lock=True)``."""
    return await client.delegate.admin.command("fsyncUnlock", session=session)


# --- databases --------------------------------------------------------------------------------


@deprecated("client.admin.aggregate([{'$currentOp': {}}])")
async def current_op(database: Any, /, include_all: bool = False, session: Any = None) -> Any:
    """Return ``{"inprog": […]}``: what the server is doing.

    Idle connections are left out unless ``include_all``.
    """
    options = {"allUsers": True, "idleConnections": True} if include_all else {}
    cursor = await database.delegate.client.admin.aggregate(
        [{"$currentOp": options}], session=session
    )
    return {"inprog": await cursor.to_list()}


@deprecated("database.command('profile', -1)")
async def profiling_level(database: Any, /, session: Any = None) -> int:
    """Return what the server profiles of this database: 0 nothing, 1 what is slow, 2 all."""
    level: int = (await database.delegate.command("profile", -1, session=session))["was"]
    return level


@deprecated("database.command('profile', level)")
async def set_profiling_level(
    database: Any, /, level: int, slow_ms: int | None = None, session: Any = None
) -> None:
    """Set what the server profiles; ``slow_ms`` is what it calls slow, in milliseconds."""
    if isinstance(level, bool) or level not in (0, 1, 2):
        raise ValueError(f"level must be 0, 1 or 2, not {level!r:.40}")
    given = {} if slow_ms is None else {"slowms": slow_ms}
    await database.delegate.command("profile", level, session=session, **given)


@deprecated("database['system.profile'].find()")
async def profiling_info(database: Any, /, session: Any = None) -> list[Any]:
    """Return what was profiled."""
    found: list[Any] = await database.delegate["system.profile"].find(session=session).to_list()
    return found


@deprecated("database.command('createUser', …) or database.command('updateUser', …)")
async def add_user(
    database: Any,
    /,
    name: str,
    password: str | None = None,
    read_only: bool | None = None,
    session: Any = None,
    **options: Any,
) -> None:
    """Create a user of this database, or change the one of this name."""
    if read_only is not None and "roles" in options:
        raise ValueError("give roles or read_only, not both")
    if password is not None:
        options["pwd"] = password
    update = "roles" in options or read_only is not None
    roles = options.pop("roles", ["read" if read_only else "dbOwner"])
    try:
        await database.delegate.command(
            "updateUser", name, session=session, **options, **({"roles": roles} if update else {})
        )
    except OperationFailure as error:
        if error.code != _USER_NOT_FOUND:
            raise
        await database.delegate.command("createUser", name, session=session, roles=roles, **options)


@deprecated("database.command('dropUser', name)")
async def remove_user(database: Any, /, name: str, session: Any = None) -> None:
    """Remove a user of this database; one that is not there is no error."""
    try:
        await database.delegate.command("dropUser", name, session=session)
    except OperationFailure as error:
        if error.code != _USER_NOT_FOUND:
            raise


# --- collections ------------------------------------------------------------------------------


def _map_reduce(collection: Any, map: Any, reduce: Any, out: Any, options: Any) -> dict[str, Any]:
    return {
        "mapReduce": collection.delegate.name,
        "map": Code(map),
        "reduce": Code(reduce),
        "out": out,
        **options,
    }


@deprecated("aggregate(pipeline)")
async def map_reduce(
    collection: Any,
    /,
    map: Any,
    reduce: Any,
    out: Any,
    full_response: bool = False,
    session: Any = None,
    **options: Any,
) -> Any:
    """Run a map and a reduce in the server; return the collection of the results.

    With ``full_response``, or ``out={"inline": 1}``, the server's answer.
    """
    database = collection.delegate.database
    command = _map_reduce(collection, map, reduce, out, options)
    answer = await database.command(command, session=session)
    if full_response or not answer.get("result"):
        return answer
    result = answer["result"]
    if isinstance(result, Mapping):
        return collection.client[result["db"]][result["collection"]]
    return collection.database[result]


@deprecated("aggregate(pipeline)")
async def inline_map_reduce(
    collection: Any,
    /,
    map: Any,
    reduce: Any,
    full_response: bool = False,
    session: Any = None,
    **options: Any,
) -> Any:
    """Run a map and a reduce in the server; return a list of the results, or its answer."""
    command = _map_reduce(collection, map, reduce, {"inline": 1}, options)
    answer = await collection.delegate.database.command(command, session=session)
    return answer if full_response else answer.get("results")


@deprecated("database.command('reIndex', name)")
async def reindex(collection: Any, /, session: Any = None, **options: Any) -> Any:
    """Drop all indexes and make them again."""
    delegate = collection.delegate
    return await delegate.database.command("reIndex", delegate.name, session=session, **options)
