"""The rules that past advisories of this field have taught, and where each is put to the test.

A rule is here with the tests that hold it; a test that is renamed or taken away is missed. What a
rule still waits for, because nobody has built the part that it is about, is in ``AWAITED``.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

RULES: dict[str, list[str]] = {
    "rule_01_framing_is_unambiguous_or_refused": [
        "conformance/test_cases.py::test_case",
        "conformance/test_cases.py::test_where_the_bytes_are_cut_does_not_matter",
        "fuzz/test_requests.py::test_rule_01_what_is_taken_other_parsers_take_as_well",
        "fuzz/test_bodies.py::test_chunks_mean_the_same_wherever_they_are_cut",
        "proto/http1/test_request_head.py::test_rule_1_a_malformed_or_ambiguous_field_is_refused",
        "proto/http1/test_chunked.py::test_rule_1_an_extension_of_another_form_is_refused",
    ],
    "rule_02_after_an_upgrade_no_byte_is_read_as_http": [
        "web/test_websocket.py::test_security_after_the_upgrade_no_byte_is_read_as_http",
        "web/test_handler.py::test_rule_2_after_an_upgrade_leftover_bytes_go_to_the_new_protocol_only",
        "proto/http1/test_request_head.py::test_rule_2_a_connect_is_the_last_request_of_its_connection",
    ],
    "rule_03_answers_are_in_order_and_one_request_is_in_progress": [
        "http/server/test_protocol.py::test_rule_3_pipelined_answers_are_in_order_and_one_request_is_in_progress",
        "http/server/test_protocol.py::test_rule_3_a_client_that_sends_ahead_is_not_read",
        "http/server/test_hostile_clients.py::test_rule_3_a_client_that_reads_no_answers_gets_no_more_of_them",
        "security/test_floods.py::test_rule_03_requests_sent_ahead_are_not_read_while_one_is_in_progress",
    ],
    "rule_04_nothing_that_goes_out_ends_a_field_early": [
        "security/test_output.py::test_rule_04_no_line_end_goes_out_in_a_field_a_reason_or_a_cookie",
        "security/test_output.py::test_rule_04_a_field_name_is_a_token",
        "security/test_output.py::test_rule_04_a_raw_connection_refuses_the_same",
        "security/test_output.py::test_rule_04_there_is_one_place_where_fields_become_bytes",
        "security/test_client.py::test_6_4_1_rule_04_nothing_of_a_request_starts_a_line",
        "http/client/test_proxy.py::test_rule_4_nothing_in_a_name_for_the_proxy_starts_a_line",
    ],
    "rule_05_every_quantity_has_a_limit": [
        "http/server/test_protocol.py::test_rule_5_the_header_has_a_limit_in_bytes",
        "http/server/test_protocol.py::test_rule_5_the_body_has_a_limit_that_counts_when_it_is_announced",
        "proto/http1/test_request_head.py::test_rule_5_header_fields_have_a_limit_in_number",
        "proto/http1/test_chunked.py::test_rule_5_extensions_have_a_limit_in_all",
        "security/test_floods.py::test_rule_05_what_does_not_end_is_refused_in_bounded_memory",
        "security/test_floods.py::test_rule_05_a_bomb_is_refused_while_it_goes_off",
        "proto/websocket/test_machine.py::test_security_a_message_may_have_the_limit_and_not_a_byte_more",
        "security/test_floods.py::test_rule_05_slow_clients_hold_what_they_sent_and_no_more",
        "security/test_client.py::test_6_5_9_rule_05_a_body_over_the_limit_is_an_error_in_every_framing",
        "security/test_client.py::test_6_5_9_rule_05_interim_responses_are_counted_and_nest_nothing",
        "http/client/test_decoded_body.py::test_6_5_6_rule_5_a_bomb_ends_at_the_limit_and_one_byte_over",
        "http/server/test_hostile_clients.py::test_rule_5_a_client_that_stops_to_read_is_closed_in_time",
    ],
    "rule_06_time_is_linear_and_the_loop_has_turns": [
        "security/test_scaling.py::test_rule_06_ten_times_the_bytes_are_ten_times_the_calls",
        "security/test_scaling.py::test_rule_06_very_many_bytes_end",
        "web/static/test_ranges.py::test_rule_6_a_long_range_field_takes_no_longer_than_reading_it",
        "security/test_floods.py::test_rule_06_so_many_chunks_are_decoded_before_others_have_a_turn",
        "security/test_floods.py::test_rule_06_so_much_is_inflated_before_others_have_a_turn",
        "http/client/test_decoded_body.py::test_rule_6_the_loop_turns_while_a_bomb_is_decompressed",
        "proto/http/test_challenges.py::test_rule_6_time_is_linear_in_the_text",
    ],
    "rule_07_truncation_is_an_error": [
        "http/server/test_protocol.py::test_rule_7_a_truncated_body_never_becomes_a_request",
        "web/wsgi/test_container.py::test_rule_7_a_client_of_http_1_0_can_tell_that_a_body_broke_off",
        "http/test_decompression.py::test_rule_5_a_body_that_inflates_too_far_or_is_damaged_is_refused",
        "http/client/test_fetch.py::test_rule_7_a_truncated_response_is_an_error",
        "http/client/test_decoded_body.py::test_rule_7_a_body_that_is_cut_off_is_an_error",
        "security/test_client.py::test_6_5_9_rule_07_a_body_that_ends_with_a_reset_is_truncated",
    ],
    "rule_08_no_assert_checks_input": ["security/test_rules.py::test_rule_08"],
    "rule_09_what_a_connection_is_belongs_to_its_key": [
        "http/client/test_connection_key.py",
        "http/client/test_redirects.py",
        "http/client/test_proxy.py::test_rule_9_the_name_for_the_proxy_is_not_told_to_the_origin",
        "http/client/test_authentication.py::test_rule_9_an_answer_stays_with_its_origin",
        "http/client/test_connection_options.py::test_6_5_7_rule_9_a_client_certificate_is_shown_for_its_own_requests_only",
        "security/test_client.py::test_6_5_6_rule_09_credentials_stay_with_their_origin",
        "security/test_client.py::test_6_6_1_rule_09_a_redirect_to_another_scheme_is_an_error_and_no_wait",
    ],
    "rule_10_paths_and_redirects_stay_where_they_are": [
        "web/test_simple_handlers.py::test_rule_10_what_is_filled_in_does_not_choose_the_host",
        "web/test_decorators.py::test_rule_10_no_redirect_leads_elsewhere",
        "web/static/test_handler.py::test_rule_10_a_path_is_decoded_once",
        "web/static/test_handler.py::test_rule_10_devices_and_fifos_are_never_opened",
    ],
    "rule_11_the_host_is_one_and_no_part_of_the_path": [
        "proto/http1/test_request_target.py::test_rule_11_what_is_no_host",
        "proto/http1/test_request_head.py::test_rule_11_one_host_and_only_http_1_0_may_leave_it_out",
        "web/test_routing.py::test_rule_11_the_host_is_never_part_of_the_path",
    ],
    "rule_12_handlers_get_supported_methods_only": [
        "web/test_handler.py::test_rule_12_only_supported_methods_are_dispatched",
    ],
    "rule_13_cookies_and_signatures_are_bound_to_their_names": [
        "proto/http/test_cookies.py::test_rule_13_the_value_of_one_cookie_cannot_set_another",
        "web/test_signed_values.py::test_rule_13_a_value_is_bound_to_its_name",
        "web/test_xsrf.py::test_rule_13_tokens_are_compared_in_constant_time",
    ],
    "rule_14_websockets": [
        "web/test_websocket.py::test_security_who_may_open_a_websocket",
        "proto/websocket/test_machine.py::test_security_rsv1_is_for_the_first_frame_of_a_message_only",
        "proto/websocket/test_machine.py::test_security_the_limit_holds_for_what_a_message_inflates_to",
        "proto/websocket/test_mask_cy.py::test_security_a_mask_of_another_size_is_refused",
    ],
    "rule_15_native_code": [
        "house/test_kernels.py::test_a_kernel_is_tested_in_both_forms",
        "house/test_sanitize.py::test_rule_15_the_tests_of_every_kernel_run_with_sanitizers",
        "fuzz/test_websocket.py::test_a_header_is_read_refused_or_waited_for",
        "fuzz/test_websocket.py::test_a_payload_is_masked_byte_by_byte_or_its_mask_refused",
        "proto/websocket/test_mask_cy.py::test_security_no_byte_past_the_end_is_read_or_written",
    ],
    "rule_16_log_lines_are_escaped_and_bounded": [
        "security/test_logs.py::test_rule_16_what_a_client_sends_is_escaped_and_bounded_in_the_access_log",
        "security/test_logs.py::test_rule_16_what_is_refused_is_logged_once_escaped_and_bounded",
        "security/test_logs.py::test_rule_16_many_errors_in_one_request_are_one_line",
    ],
}

#: What is still to be added above, once it is there.
AWAITED: dict[str, str] = {}

_CHECKED = ("_proto", "_http", "_web")


@functools.cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("rule", RULES)
def test_the_tests_of(rule: str) -> None:
    tests = RULES[rule]
    assert tests or rule in AWAITED
    for test in tests:
        path, _, name = test.partition("::")
        found = names_in(path)
        assert (name in found) if name else any(one.startswith("test_") for one in found), test


def test_all_sixteen_rules_are_here() -> None:
    assert [int(rule[5:7]) for rule in RULES] == list(range(1, 17))
    assert set(AWAITED) <= set(RULES)


def test_rule_08() -> None:
    """No ``assert`` looks at what came from outside: ``python -O`` drops them."""
    import whirlwind

    root = Path(whirlwind.__file__).parent
    found = {
        f"{path.relative_to(root).as_posix()}: {ast.unparse(node.test)}"
        for room in _CHECKED
        for path in (root / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    }
    # Those that tell a type checker what an attribute of ours holds by now, or of which of our own
    # classes a start line is, look at no input.
    narrowing = (
        " is not None",
        "(start_line, RequestStartLine)",
        "(start_line, ResponseStartLine)",
    )
    assert [line for line in sorted(found) if not line.endswith(narrowing)] == []
