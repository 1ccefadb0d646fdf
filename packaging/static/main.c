/* nodecheck as one file: the interpreter, and behind it a zip file of bytecode, which is all that it imports from.

Isolated: no environment variable, no user's or machine's site-packages and no working directory is looked at. */
#include <Python.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "frozen.h" /* made by frozen.py: start.py, and what the interpreter needs before it */

static const char *const PROC = "/proc/self/exe";

/* Where this file lies: as the kernel was told, which needs no procfs; else as the kernel knows it. */
static const char *self(char *room) {
    const char *told = (const char *)getauxval(AT_EXECFN);
    if (told && realpath(told, room)) return room;
    return realpath(PROC, room) ? room : PROC;
}

int main(int argc, char **argv) {
    char room[PATH_MAX];
    PyImport_FrozenModules = frozen;
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1; /* and the usual allocator: mimalloc reserves more than the bound of an audit */
    PyStatus status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status)) Py_ExitStatusException(status);
    wchar_t *path = Py_DecodeLocale(self(room), NULL);
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.parse_argv = config.site_import = config.write_bytecode = config.pathconfig_warnings = 0;
    config.install_signal_handlers = config.module_search_paths_set = 1;
    status = PyConfig_SetBytesArgv(&config, argc, argv);
    if (!PyStatus_Exception(status)) status = PyConfig_SetString(&config, &config.executable, path);
    if (!PyStatus_Exception(status)) status = PyWideStringList_Append(&config.module_search_paths, path);
    if (!PyStatus_Exception(status))
        status = PyConfig_SetString(&config, &config.run_command, L"import _nodecheck_start; _nodecheck_start.main()");
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    if (PyStatus_Exception(status)) Py_ExitStatusException(status);
    return Py_RunMain();
}
