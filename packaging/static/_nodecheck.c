/* What nodecheck takes from the C library through ctypes, which a static file does not have (nodecheck.host.libc).

Its presence among the built-in modules says that this is the static file. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

static PyObject *filled(long value, const void *structure, size_t size) {
    return value < 0 ? PyErr_SetFromErrno(PyExc_OSError) : Py_BuildValue("ly#", value, structure, (Py_ssize_t)size);
}

static PyObject *clock_state(PyObject *self, PyObject *none) { /* modes 0: nothing is set */
    struct timex found = {0};
    return filled(adjtimex(&found), &found, sizeof found);
}

static PyObject *of_path(PyObject *self, PyObject *args) {
    const char *path;
    struct statfs found = {0};
    int state;
    if (!PyArg_ParseTuple(args, "y", &path)) return NULL;
    Py_BEGIN_ALLOW_THREADS /* a server of files may not answer */
    state = statfs(path, &found);
    Py_END_ALLOW_THREADS
    return filled(state, &found, sizeof found);
}

static PyObject *of_descriptor(PyObject *self, PyObject *args) {
    int descriptor, state;
    struct statfs found = {0};
    if (!PyArg_ParseTuple(args, "i", &descriptor)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    state = fstatfs(descriptor, &found);
    Py_END_ALLOW_THREADS
    return filled(state, &found, sizeof found);
}

static PyObject *io_priority(PyObject *self, PyObject *args) {
    int which, who, value;
    if (!PyArg_ParseTuple(args, "iii", &which, &who, &value)) return NULL;
    return filled(syscall(SYS_ioprio_set, which, who, value), "", 0);
}

static PyMethodDef methods[] = {
    {"adjtimex", clock_state, METH_NOARGS, NULL},
    {"statfs", of_path, METH_VARARGS, NULL},
    {"fstatfs", of_descriptor, METH_VARARGS, NULL},
    {"ioprio_set", io_priority, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_nodecheck", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__nodecheck(void) { return PyModule_Create(&module); }
