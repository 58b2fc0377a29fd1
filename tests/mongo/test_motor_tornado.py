"""The whole interface of Motor, name by name."""

from __future__ import annotations

from typing import Any

import pytest

from whirlwind import mongo
from whirlwind.mongo import motor_asyncio, motor_tornado

CURSOR = """fetch_next next_object each to_list next close rewind clone alive cursor_id address
        session
    collection started closed add_option remove_option batch_size limit skip sort hint where min max
    max_scan max_time_ms max_await_time_ms comment collation allow_disk_use explain distinct count
    __aiter__ __anext__ __aenter__ __aexit__ __getitem__ __copy__ __deepcopy__"""
COMMAND_CURSOR = """fetch_next next_object each to_list next try_next close alive cursor_id address
    session batch_size collection started closed __aiter__ __anext__ __aenter__ __aexit__"""
INTERFACE = {
    "Client": """drop_database list_databases list_database_names server_info start_session
        bulk_write
        fsync unlock database_names close get_database get_default_database wrap get_io_loop watch
        io_loop address arbiters HOST PORT is_mongos is_primary nodes primary secondaries
        codec_options read_preference read_concern write_concern options topology_description
        event_listeners local_threshold_ms max_bson_size max_idle_time_ms max_message_size
        max_pool_size max_write_batch_size min_pool_size retry_writes retry_reads
        server_selection_timeout""",
    "ClientSession": """commit_transaction abort_transaction end_session with_transaction
        start_transaction advance_cluster_time advance_operation_time client cluster_time
        operation_time has_ended in_transaction options session_id __aenter__ __aexit__""",
    "Database": """command create_collection dereference drop_collection list_collection_names
        list_collections validate_collection cursor_command current_op profiling_level
        set_profiling_level profiling_info add_user remove_user collection_names get_collection
        with_options aggregate watch name client wrap get_io_loop codec_options read_preference
        read_concern write_concern add_son_manipulator incoming_manipulators
        incoming_copying_manipulators outgoing_manipulators outgoing_copying_manipulators""",
    "Collection": """insert_one insert_many replace_one update_one update_many delete_one
        delete_many
        bulk_write find_one find_one_and_delete find_one_and_replace find_one_and_update distinct
        create_index create_indexes drop_index drop_indexes index_information options rename drop
        count_documents estimated_document_count create_search_index create_search_indexes
        drop_search_index update_search_index map_reduce inline_map_reduce reindex count
        ensure_index find_and_modify insert remove save update find aggregate list_indexes
        with_options watch find_raw_batches aggregate_raw_batches list_search_indexes
        initialize_ordered_bulk_op initialize_unordered_bulk_op name full_name database wrap
        get_io_loop codec_options read_preference read_concern write_concern""",
    "Cursor": CURSOR,
    "RawBatchCursor": CURSOR,
    "GridOutCursor": CURSOR,
    "CommandCursor": COMMAND_CURSOR,
    "LatentCommandCursor": COMMAND_CURSOR,
    "RawBatchCommandCursor": COMMAND_CURSOR,
    "ChangeStream": """fetch_next next_object next close try_next alive resume_token __aiter__
        __anext__ __aenter__ __aexit__""",
    "GridFSBucket": """open_download_stream open_download_stream_by_name download_to_stream
        download_to_stream_by_name upload_from_stream upload_from_stream_with_id delete rename
        open_upload_stream open_upload_stream_with_id find wrap collection get_io_loop""",
    "GridIn": """write writelines close abort set _id filename name content_type length chunk_size
        upload_date closed md5 __aenter__ __aexit__""",
    "GridOut": """open read readline readchunk stream_to_handler seek tell _id filename name
        content_type length chunk_size upload_date aliases metadata md5 close __aiter__
        __anext__""",
    "GridFS": """put get get_version get_last_version new_file find find_one list exists delete""",
    "ClientEncryption": """create_data_key encrypt decrypt close encrypt_expression
        create_encrypted_collection get_key get_keys delete_key add_key_alt_name
        remove_key_alt_name get_key_by_alt_name rewrap_many_data_key""",
    "BulkOperationBuilder": "insert find execute",
}


@pytest.mark.parametrize("name", INTERFACE)
def test_every_name_of_motor_is_there(name: str) -> None:
    found: Any = getattr(motor_tornado, f"Motor{name}")
    assert found is getattr(mongo, f"Motor{name}")
    beside: Any = getattr(motor_asyncio, f"AsyncIOMotor{name}")
    assert issubclass(beside, found)
    missing = [member for member in INTERFACE[name].split() if not _has(found, member)]
    assert missing == []


def _has(found: type, member: str) -> bool:
    return any(member in vars(base) for base in found.__mro__)


def test_both_doors_have_the_same_names() -> None:
    ours = {name.removeprefix("Motor") for name in motor_tornado.__all__}
    theirs = {name.removeprefix("AsyncIOMotor") for name in motor_asyncio.__all__}
    assert ours == theirs == set(INTERFACE)


def test_everything_public_has_a_docstring() -> None:
    bare = [
        f"{name}.{member}"
        for name in motor_tornado.__all__
        for member in vars(getattr(motor_tornado, name))
        if not member.startswith("_")
        and (
            callable(value := vars(getattr(motor_tornado, name))[member])
            or isinstance(value, property)
        )
        and not value.__doc__
    ]
    assert bare == []


def test_the_version_is_that_of_motors_interface() -> None:
    assert mongo.version == mongo.get_version_string() == "3.7.1"
    assert mongo.version_tuple == (3, 7, 1)
