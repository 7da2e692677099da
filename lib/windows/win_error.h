/*
 * Windows' errors as errno values.
 */
#ifndef WIN_ERROR_H
#define WIN_ERROR_H

/*
 * The negated errno value of a Win32 or Winsock code, and of an NTSTATUS.
 * GetLastError() returns the native code afterwards.
 */
int	mio_win_error(unsigned long);
int	mio_nt_error(long);

#endif /* WIN_ERROR_H */
