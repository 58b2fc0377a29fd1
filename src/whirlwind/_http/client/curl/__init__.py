"""The HTTP client on libcurl. Needs ``pycurl`` (extra ``curl``); nothing else imports this."""
