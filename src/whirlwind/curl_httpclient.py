"""The HTTP client on libcurl; needs ``pycurl`` (extra ``curl``).

Door: names only. What is behind them is in ``_http/client/curl/``.
"""

from whirlwind._base.publish import publish
from whirlwind._http.client.curl.client import CurlAsyncHTTPClient
from whirlwind._http.client.curl.debug_log import curl_log
from whirlwind._http.client.curl.errors import CurlError
from whirlwind._http.client.curl.handle_options import CR_OR_LF_RE
from whirlwind._http.client.curl.streaming_buffer import StreamingBuffer as _CurlStreamingBuffer

__all__ = [
    "CR_OR_LF_RE",
    "CurlAsyncHTTPClient",
    "CurlError",
    "_CurlStreamingBuffer",  # for tests that make it smaller
    "curl_log",
]

publish(__name__, globals())
