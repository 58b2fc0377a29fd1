"""Files: which one a path names, what of it a client wants, and how it goes out.

Layer: web. The handler is in ``handler.py``; what it decides is in the files beside it.
"""
