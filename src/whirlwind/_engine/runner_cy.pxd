# What the compiled form of runner_cy.py takes from CPython's C API. Interpreted, none of it is used.

from cpython.object cimport PyObject


cdef extern from "Python.h":
    # 1: the generator yielded, 0: it returned; in both cases the value is in the pointer.
    int PyIter_Send(object generator, object value, PyObject **result) except -1
    void Py_DECREF(PyObject *thing)
    object PyContext_CopyCurrent()
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
