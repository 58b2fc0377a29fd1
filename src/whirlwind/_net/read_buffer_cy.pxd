# The fields of the compiled form of read_buffer_cy.py: ``size`` can be read from Python.


cdef extern from "Python.h":
    char *PyBytes_AsString(object thing) except NULL


cdef extern from "string.h":
    void *memchr(const void *memory, int byte, size_t size)


cdef class ReadBuffer:
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t _start
    cdef object _data
