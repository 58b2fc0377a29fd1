"""Between whirlwind and WSGI (PEP 3333), in both directions.

Layer: web. ``container.py`` runs a WSGI application in our server, ``adapter.py`` our application
in a WSGI server; what each makes of the other's requests and answers is in functions beside them.
"""
