"""The rules of ``test_rules.py``, for the side that asks: clients of HTTP and of WebSockets.

A client reads what a server, or whoever is on the way to it, sends; it has as much to lose.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.security.test_rules import RULES, names_in
from tests.support.faulty_peer import FaultyPeer, Wire, reply
from tests.support.leftovers import nothing_is_left
from tests.support.scripted_http import HELLO, run, serving

from whirlwind._http.client.target import parse_target
from whirlwind.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient

CLIENT_RULES: dict[str, list[str]] = {
    "rule_01_framing_is_unambiguous_or_refused": [
        "http/client/test_fetch.py::test_rule_1_an_ambiguous_response_is_refused",
        "http/client/test_fetch.py::test_rule_1_a_request_with_ambiguous_framing_is_not_sent",
        "http/client/test_connection.py::test_rule_1_lengths_that_differ_are_refused_wherever_they_are_cut",
        "proto/http1/test_response_head.py::test_rule_1_a_head_that_breaks_the_grammar_is_refused",
        "fuzz/test_responses.py::test_rule_01_what_is_taken_other_parsers_take_as_well",
        "fuzz/test_responses.py::test_where_the_bytes_are_cut_does_not_matter",
        "fuzz/test_responses.py::test_chunks_come_back_as_they_were_and_trailers_become_no_fields",
        "security/test_client_rules.py::test_rule_01_a_control_character_in_a_reason_is_refused",
    ],
    "rule_02_after_an_upgrade_no_byte_is_read_as_http": [
        "http/websocket/test_client.py::test_frames_that_come_with_the_answer_are_read",
        "security/test_client_rules.py::test_rule_02_nobody_switches_protocols_who_was_not_asked_to",
        "faults/test_on_the_way.py::test_a_proxy_that_opens_no_tunnel_is_named_with_what_it_said",
    ],
    "rule_03_answers_are_in_order_and_one_request_is_in_progress": [
        "security/test_client_rules.py::test_rule_03_an_answer_belongs_to_the_request_before_it",
        "faults/test_on_the_way.py::test_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request",
    ],
    "rule_04_nothing_that_goes_out_ends_a_field_early": [
        "security/test_client.py::test_6_4_1_rule_04_nothing_of_a_request_starts_a_line",
        "security/test_client.py::test_6_4_1_rule_04_headers_changed_after_they_were_checked_are_checked_again",
        "http/client/test_fetch.py::test_rule_4_nothing_is_sent_that_could_start_a_line",
        "http/client/test_fetch.py::test_rule_4_a_url_with_control_characters_is_refused",
        "http/client/test_proxy.py::test_rule_4_nothing_in_a_name_for_the_proxy_starts_a_line",
        "http/client/curl/test_handle_options.py::test_rule_6_4_1_what_may_not_be_sent_is_refused_and_nothing_is_sent",
        "fuzz/test_redirects.py::test_where_a_redirect_leads_is_one_host_or_the_redirect_is_refused",
    ],
    "rule_05_every_quantity_has_a_limit": [
        "security/test_client.py::test_6_5_9_rule_05_a_body_over_the_limit_is_an_error_in_every_framing",
        "security/test_client.py::test_6_5_9_rule_05_interim_responses_are_counted_and_nest_nothing",
        "http/client/test_fetch.py::test_rule_5_limits_hold_at_and_not_one_over",
        "http/client/test_fetch.py::test_rule_5_a_header_over_the_limit_is_an_error",
        "http/client/test_fetch.py::test_rule_5_a_compressed_bomb_is_stopped_early",
        "http/client/test_decoded_body.py::test_6_5_6_rule_5_a_bomb_ends_at_the_limit_and_one_byte_over",
        "http/client/test_redirects.py::test_rule_5_redirects_are_counted",
        "http/client/curl/test_fetch.py::test_rule_5_a_header_over_the_limit_is_an_error",
        "http/client/curl/test_fetch.py::test_rule_5_informational_responses_have_a_limit",
        "http/client/curl/test_fetch.py::test_rule_6_5_9_a_body_over_the_limit_is_an_error",
        "proto/websocket/test_machine.py::test_security_the_limit_holds_for_what_a_message_inflates_to",
        "fuzz/test_compressed.py::test_a_bomb_is_refused_with_no_more_than_the_limit_made",
        "fuzz/test_compressed.py::test_a_body_may_have_the_limit_and_not_a_byte_more",
        "security/test_client_rules.py::test_rule_05_trailers_have_a_limit_in_number_and_in_size",
    ],
    "rule_06_time_is_linear_and_the_loop_has_turns": [
        "http/client/test_decoded_body.py::test_rule_6_the_loop_turns_while_a_bomb_is_decompressed",
        "proto/http/test_challenges.py::test_rule_6_time_is_linear_in_the_text",
        "security/test_scaling.py::test_rule_06_ten_times_the_bytes_are_ten_times_the_calls",
    ],
    "rule_07_truncation_is_an_error": [
        "http/client/test_fetch.py::test_rule_7_a_truncated_response_is_an_error",
        "http/client/test_decoded_body.py::test_rule_7_a_body_that_is_cut_off_is_an_error",
        "http/client/curl/test_fetch.py::test_rule_7_a_body_that_is_cut_off_is_an_error",
        "security/test_client.py::test_6_5_9_rule_07_a_body_that_ends_with_a_reset_is_truncated",
        "faults/test_http_client.py::test_rule_7_a_body_up_to_the_end_of_the_connection_needs_an_end_in_order",
        "faults/test_http_client.py::test_a_server_that_ends_at_a_stage_is_an_error_that_names_it",
    ],
    "rule_08_no_assert_checks_input": ["security/test_rules.py::test_rule_08"],
    "rule_09_what_a_connection_is_belongs_to_its_key": [
        "http/client/test_connection_key.py::test_rule_9_every_option_of_a_connection_makes_another_key",
        "http/client/test_redirects.py::test_rule_9_credentials_and_cookies_stay_with_their_origin",
        "http/client/test_redirects.py::test_rule_9_a_redirect_to_what_is_no_http_is_an_error",
        "http/client/test_connection_options.py::test_6_5_7_rule_9_a_client_certificate_is_shown_for_its_own_requests_only",
        "http/client/test_proxy.py::test_rule_9_redirects_take_the_name_for_the_proxy_to_the_proxy_only",
        "http/client/curl/test_handle_options.py::test_rule_6_5_7_proxy_credentials_do_not_survive_a_request",
        "security/test_client.py::test_6_5_6_rule_09_credentials_stay_with_their_origin",
        "security/test_client.py::test_6_6_1_rule_09_a_redirect_to_another_scheme_is_an_error_and_no_wait",
        "fuzz/test_redirects.py::test_rule_09_credentials_go_to_the_origin_that_they_are_for_and_to_no_other",
        "faults/test_tls.py::test_a_server_that_cannot_be_trusted_is_refused",
    ],
    "rule_11_the_host_is_one_and_no_part_of_the_path": [
        "security/test_client_rules.py::test_rule_11_a_url_names_one_host",
        "fuzz/test_redirects.py::test_where_a_redirect_leads_is_one_host_or_the_redirect_is_refused",
    ],
    "rule_14_websockets": [
        "http/websocket/test_client.py::test_security_a_server_that_answers_something_else_is_refused",
        "http/websocket/test_client.py::test_security_a_server_that_breaks_the_rules_ends_the_connection",
        "proto/websocket/test_machine.py::test_security_rsv1_is_for_the_first_frame_of_a_message_only",
    ],
    "rule_15_native_code": [
        "house/test_sanitize.py::test_rule_15_the_tests_of_every_kernel_run_with_sanitizers",
        "fuzz/test_websocket.py::test_any_bytes_give_the_same_events_however_they_are_cut",
        "proto/websocket/test_mask_cy.py::test_security_no_byte_past_the_end_is_read_or_written",
    ],
    "rule_16_log_lines_are_escaped_and_bounded": [
        "http/client/curl/test_debug_log.py::test_rule_16_control_characters_are_escaped_secrets_left_out_and_lines_bounded",
        "security/test_client_rules.py::test_rule_16_a_reason_says_nothing_that_ends_a_line_of_a_log",
    ],
}

#: What no client does: it serves no files, dispatches no methods, and signs no cookies.
OF_SERVERS = {
    "rule_10_paths_and_redirects_stay_where_they_are",
    "rule_12_handlers_get_supported_methods_only",
    "rule_13_cookies_and_signatures_are_bound_to_their_names",
}


@pytest.mark.parametrize("rule", CLIENT_RULES)
def test_the_tests_of(rule: str) -> None:
    for test in CLIENT_RULES[rule]:
        path, _, name = test.partition("::")
        assert name in names_in(path), test


def test_each_rule_is_one_of_clients_or_of_servers_only() -> None:
    assert set(CLIENT_RULES) | OF_SERVERS == set(RULES)
    assert not set(CLIENT_RULES) & OF_SERVERS


@pytest.mark.parametrize("byte", [b"\0", b"\x1b", b"\x7f", b"\x0b"])
def test_rule_01_a_control_character_in_a_reason_is_refused(byte: bytes) -> None:
    async def main() -> None:
        answer = HELLO.replace(b"OK", b"O" + byte + b"K")
        async with serving(answer, HELLO) as (server, client):
            with pytest.raises(HTTPStreamClosedError, match="control character in the reason"):
                await client.fetch(server.url)
            assert (await client.fetch(server.url)).body == b"hello"

    run(main())


@pytest.mark.parametrize("protocol", [b"", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"])
def test_rule_02_nobody_switches_protocols_who_was_not_asked_to(protocol: bytes) -> None:
    async def main() -> None:
        answer = b"HTTP/1.1 101 Switching Protocols\r\n" + protocol + b"\r\n" + HELLO
        with FaultyPeer(reply(answer)) as peer:
            async with nothing_is_left():
                client = SimpleAsyncHTTPClient(force_instance=True)
                with pytest.raises(HTTPStreamClosedError, match="switched protocols"):
                    await client.fetch(f"http://127.0.0.1:{peer.port}/")
                client.close()

    run(main())


def test_rule_03_an_answer_belongs_to_the_request_before_it() -> None:
    """One request at a time on a connection, each answered before the next is sent."""

    def script(wire: Wire) -> None:
        while True:
            path = wire.head().split(b" ")[1]
            assert not wire._unread  # nothing was sent ahead
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    async def main() -> None:
        with FaultyPeer(script) as peer:
            async with nothing_is_left():
                client = SimpleAsyncHTTPClient(force_instance=True, max_clients=2)
                url = f"http://127.0.0.1:{peer.port}/"
                fetches = [client.fetch(f"{url}{number}") for number in range(50)]
                answers = [response.body for response in await asyncio.gather(*fetches)]
                assert answers == [b"/%d" % number for number in range(50)]
                assert peer.connections == 2
                client.close()

    run(main())


@pytest.mark.parametrize("trailers", [b"A: b\r\n" * 10_000, b"A: " + b"b" * 10_000_000 + b"\r\n"])
def test_rule_05_trailers_have_a_limit_in_number_and_in_size(trailers: bytes) -> None:
    async def main() -> None:
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + trailers + b"\r\n"
        with FaultyPeer(reply(answer)) as peer:
            async with nothing_is_left():
                client = SimpleAsyncHTTPClient(force_instance=True)
                with pytest.raises(HTTPStreamClosedError, match="trailer"):
                    await client.fetch(f"http://127.0.0.1:{peer.port}/")
                client.close()

    run(main())


@pytest.mark.parametrize(
    "url",
    [
        "http://good.test\\@evil.test/",
        "http://good.test\\.evil.test/",
        "http://good.test /",
        "http://good%2etest/",
        "http://good.test%00.evil.test/",
        "http://[::1/",
        "http://[::1]evil.test/",
        "http://:80/",
        "http:///path",
        "http://h:70000/",
        "http://h:8 0/",
    ],
)
def test_rule_11_a_url_names_one_host(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|[Pp]ort|Invalid|netloc"):
        parse_target(url)


def test_rule_16_a_reason_says_nothing_that_ends_a_line_of_a_log() -> None:
    async def main() -> None:
        options: dict[str, Any] = {"raise_error": False}
        async with serving(b"HTTP/1.1 500 A\tB \xe9\r\nContent-Length: 0\r\n\r\n") as (
            server,
            client,
        ):
            response = await client.fetch(server.url, **options)
            assert response.reason == "A\tB \xe9"
            assert "\n" not in str(response.error)

    run(main())
