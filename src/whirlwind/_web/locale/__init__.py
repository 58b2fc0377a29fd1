"""Languages: translated messages, dates and numbers as people write them.

Layer: web. Needs no loop and no request. What has been loaded belongs to the process, because the
functions that load it and ask for it belong to no object.
"""
