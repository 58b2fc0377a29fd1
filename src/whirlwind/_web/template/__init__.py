"""Templates: text with Python in it, compiled to one function a template.

Layer: web. Needs no loop and no request. From source text to bytes in five steps, a file each:
tokens, the parser's nodes, Python text, a code object whose positions are the template's, and
the template that runs it. Loaders find templates by name and keep them.
"""
