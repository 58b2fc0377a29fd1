"""Test cases for asynchronous code, on ``unittest``.

Public package. ``async_case`` and ``coroutine_tests`` run coroutines as tests, ``http_case`` puts a
server and a client beside them, ``expect_log`` is for logs, ``ports`` for sockets.
"""

import unittest

from whirlwind.testing.async_case import AsyncTestCase, setup_with_context_manager
from whirlwind.testing.command_line import main
from whirlwind.testing.coroutine_tests import gen_test
from whirlwind.testing.expect_log import ExpectLog
from whirlwind.testing.http_case import AsyncHTTPSTestCase, AsyncHTTPTestCase
from whirlwind.testing.log_trap import LogTrapTestCase
from whirlwind.testing.ports import bind_unused_port, get_unused_port
from whirlwind.testing.timeouts import get_async_test_timeout

__all__ = [
    "AsyncHTTPSTestCase",
    "AsyncHTTPTestCase",
    "AsyncTestCase",
    "ExpectLog",
    "LogTrapTestCase",
    "bind_unused_port",
    "gen_test",
    "get_async_test_timeout",
    "get_unused_port",
    "main",
    "setup_with_context_manager",
    "unittest",
]
