/*
 * Windows' errors as errno values.
 */
#ifndef WIN_ERROR_H
#define WIN_ERROR_H

/*
 * Negated errno values: of a Win32 or Winsock code, and of an NTSTATUS.  The
 * native code is left for GetLastError(), for who wants to know more.
 */
int	mio_win_error(unsigned long);
int	mio_nt_error(long);

#endif /* WIN_ERROR_H */
