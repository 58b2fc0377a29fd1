"""Logging in with somebody else's account: OAuth 1, OAuth 2, OpenID 2.

Layer: web. Mixins for handlers, since that is the interface that programs derive from; what is
computed or decided (a signature, what an answer says) is in functions beside them.
"""
