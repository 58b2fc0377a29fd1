# The masking itself, for this kernel and for frames_cy.py, which masks where a frame is made.
# Interpreted, it is not used.

from libc.string cimport memcpy


cdef inline void mask_into(
    const unsigned char *mask, const unsigned char *read, unsigned char *write, Py_ssize_t size
) noexcept nogil:
    cdef unsigned long long eight, word
    cdef Py_ssize_t at = 0
    memcpy(&eight, mask, 4)
    memcpy(<unsigned char *>&eight + 4, mask, 4)
    while at + 8 <= size:
        memcpy(&word, read + at, 8)
        word ^= eight
        memcpy(write + at, &word, 8)
        at += 8
    while at < size:
        write[at] = read[at] ^ mask[at & 3]
        at += 1
