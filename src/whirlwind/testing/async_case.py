"""Test cases that have a loop, and two ways of waiting on it.

Layer: public package ``testing``.

Theory of operation
-------------------
Each test gets a loop of its own, current in its thread while it runs, so that nothing of one
test is left when the next begins: what tasks are still there at the end are cancelled, and the
loop is closed with every descriptor registered on it.

A test waits with ``gen_test``, which runs it as a coroutine, or, as before coroutines, with
``wait()``, which runs the loop until a callback calls ``stop()``.
"""

from __future__ import annotations

import asyncio
import inspect
import unittest
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

from whirlwind._engine.error_scope import homeless_errors_to
from whirlwind._net.asyncio_loop import AsyncIOMainLoop
from whirlwind._net.child_process import Subprocess
from whirlwind._net.ioloop import IOLoop
from whirlwind.testing.timeouts import get_async_test_timeout

_T = TypeVar("_T")

# Loops that somebody else made and will close.
_BORROWED: Final = (AsyncIOMainLoop,)


class AsyncTestCase(unittest.TestCase):
    """A test case with an ``IOLoop``; decorate test methods that wait with ``gen_test``.

    A test method that is a generator or a coroutine and is not decorated would pass without
    having run, so it is an error, and so is a test that returns something.

    Attributes:
        io_loop: The loop of the test that runs; made by ``setUp``, closed by ``tearDown``.
    """

    io_loop: IOLoop

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803 (unittest's)
        super().__init__(methodName)
        self.__stopped = False
        self.__running = False
        self.__argument: Any = None
        self.__failure: BaseException | None = None
        self.__over = False

    def setUp(self) -> None:
        super().setUp()
        self.__over = False
        self.io_loop = self.get_new_ioloop()
        asyncio.set_event_loop(self.io_loop.asyncio_loop)

    def tearDown(self) -> None:
        loop = self.io_loop.asyncio_loop
        if not loop.is_closed():
            self.__end_tasks(loop)
        Subprocess.uninitialize()
        asyncio.set_event_loop(None)
        if not isinstance(self.io_loop, _BORROWED):
            # Descriptors too: a stream that a test forgot would be reported in a later one.
            self.io_loop.close(all_fds=True)
        super().tearDown()
        self.__raise_failure()

    def get_new_ioloop(self) -> IOLoop:
        """Make the loop for one test; override it to run tests on a loop of another kind.

        .. deprecated:: 6.3
        """
        loop: IOLoop = IOLoop(make_current=False)
        return loop

    def stop(self, _arg: Any = None, **kwargs: Any) -> None:
        """End the ``wait()`` that runs, or the next one at once; a callback calls it.

        Args:
            _arg: What ``wait()`` returns.
            kwargs: Or keyword arguments, which it returns as a dict.

        .. deprecated:: 5.1
           Write coroutines, with ``gen_test``.
        """
        if _arg is not None and kwargs:
            raise AssertionError("stop() takes one argument or keyword arguments, not both")
        self.__argument = kwargs or _arg
        if self.__running:
            self.io_loop.stop()
            self.__running = False
        self.__stopped = True

    def wait(
        self, condition: Callable[[], object] | None = None, timeout: float | None = None
    ) -> Any:
        """Run the loop until ``stop()`` is called.

        Args:
            condition: Asked after each ``stop()``; the loop goes on while it returns something
                false.
            timeout: Longest wait in seconds; None means ``get_async_test_timeout()``, and 0
                waits for ever.

        Returns:
            What was given to ``stop()``.

        Raises:
            AssertionError: ``timeout`` passed.

        .. deprecated:: 5.1
           Write coroutines, with ``gen_test``.
        """
        if timeout is None:
            timeout = get_async_test_timeout()
        if not self.__stopped:
            self.__run_until_stopped(condition, timeout)
        self.__stopped = False
        self.__raise_failure()
        argument, self.__argument = self.__argument, None
        return argument

    def __run_until_stopped(self, condition: Callable[[], object] | None, timeout: float) -> None:
        timer = self.io_loop.call_later(timeout, self.__give_up, timeout) if timeout else None
        try:
            while True:
                self.__running = True
                self.io_loop.start()
                if self.__failure is not None or condition is None or condition():
                    break
        finally:
            self.__running = False
            if timer is not None:
                self.io_loop.remove_timeout(timer)
        if not self.__stopped:
            raise AssertionError("the loop was stopped otherwise than by stop()")

    def __give_up(self, timeout: float) -> None:
        self.__failure = self.failureException(f"Async operation timed out after {timeout} seconds")
        self.stop()

    def __raise_failure(self) -> None:
        if self.__failure is not None:
            failure, self.__failure = self.__failure, None
            raise failure

    def __end_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what the test left running, and let it see that it is cancelled."""
        tasks = [task for task in asyncio.all_tasks(loop) if not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            # Their errors are not this test's; reading them keeps them out of the log.
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())

    def __take_error(self, error: BaseException) -> bool:
        """Fail the test for an error of an old interface that has nobody else to tell."""
        if self.__over:
            return False  # something that the test did not wait for, while it is cleaned up
        if self.__failure is None:
            self.__failure = error
            self.stop()
        return True

    def _callTestMethod(self, method: Callable[[], object]) -> None:  # noqa: N802 (unittest's)
        with homeless_errors_to(self.__take_error):
            try:
                result = method()
            finally:
                self.__over = True
        if inspect.isgenerator(result) or inspect.iscoroutine(result):
            result.close()
            raise TypeError(
                "Generator and coroutine test methods should be decorated with "
                "whirlwind.testing.gen_test"
            )
        if result is not None:
            raise ValueError(f"Return value from test method ignored: {result!r}")


def setup_with_context_manager(testcase: unittest.TestCase, cm: AbstractContextManager[_T]) -> _T:
    """Enter a context for the rest of a test; call it in ``setUp``.

    On Python 3.11 and later ``testcase.enterContext(cm)`` is the same.

    Args:
        testcase: The test that runs.
        cm: A context manager; left after ``tearDown``.

    Returns:
        What entering gave.
    """
    return testcase.enterContext(cm)
