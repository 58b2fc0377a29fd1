# What the compiled form of whole_cy.py takes from CPython's C API. Interpreted, none of it is used.


cdef extern from "Python.h":
    object PyBytes_FromStringAndSize(const char *text, Py_ssize_t size)
    char *PyBytes_AsString(object thing) except NULL
    Py_ssize_t PyBytes_Size(object thing) except -1
    int PyBuffer_FillInfo(
        Py_buffer *view, object owner, void *memory, Py_ssize_t size, bint readonly, int flags
    ) except -1
