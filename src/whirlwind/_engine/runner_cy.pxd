# What the compiled form of runner_cy.py takes from CPython's C API. Interpreted, none of it is used.

from cpython.object cimport PyObject


cdef extern from "Python.h":
    # 1: the generator yielded, 0: it returned; in both cases the value is in the pointer.
    int PyIter_Send(object generator, object value, PyObject **result) except -1
    void Py_DECREF(PyObject *thing)
    object PyContext_CopyCurrent()
    int PyContext_Enter(object context) except -1
    int PyContext_Exit(object context) except -1
    int PyObject_GenericSetAttr(object thing, object name, object value) except -1


cdef extern from *:
    """
    /* Exceptions pass through the runner on their way from one coroutine to the next, and Cython
       would add an entry of the runner's to the traceback each time; a reader wants to see the
       coroutines. So an entry is added only where there is none yet, because Cython relies on
       there being one, and _without_our_frames() takes that one away. To see the runner's own
       lines, use the interpreted form. */
    static int whirlwind_traceback_here(PyFrameObject *frame) {
        PyObject *type, *value, *trace;
        int begun;
        PyErr_Fetch(&type, &value, &trace);
        begun = trace != NULL;
        PyErr_Restore(type, value, trace);
        return begun ? 0 : PyTraceBack_Here(frame);
    }
    #define PyTraceBack_Here(frame) whirlwind_traceback_here(frame)
    """
