"""The error of a fetch on libcurl."""

from __future__ import annotations

import copy
import pickle

import pycurl

from whirlwind.curl_httpclient import CurlError
from whirlwind.httpclient import HTTPClientError


def test_it_is_a_client_error_of_code_599_that_says_which_error_of_libcurl_it_is() -> None:
    error = CurlError(pycurl.E_COULDNT_CONNECT, "no way")
    assert isinstance(error, HTTPClientError)
    assert (error.code, error.errno, error.message, error.response) == (599, 7, "no way", None)
    assert str(error) == "HTTP 599: no way"


def test_a_copy_is_the_same_error() -> None:
    error = CurlError(7, "no way")
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (copied.code, copied.errno, copied.message) == (599, 7, "no way")
