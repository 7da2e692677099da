/*
 * In place of what Microsoft's msvcrt.lib has beside imports: the entry points
 * of a program and, with DLL, of a DLL.  ucrtbase.dll initializes itself.
 */
#pragma comment(lib, "ucrt")
#pragma comment(lib, "more")

#ifdef DLL
int __stdcall
_DllMainCRTStartup(void *instance, unsigned long reason, void *reserved)
{
	(void)instance;
	(void)reason;
	(void)reserved;
	return 1;
}
#else
#include <stdlib.h>

int	main(int, char **);
int	_configure_narrow_argv(int);
int	_initialize_narrow_environment(void);
int    *__p___argc(void);
char ***__p___argv(void);

void
mainCRTStartup(void)
{
	if (_configure_narrow_argv(1) != 0 ||
	    _initialize_narrow_environment() != 0)
		abort();
	exit(main(*__p___argc(), *__p___argv()));
}
#endif
